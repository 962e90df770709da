#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "support/instant.hpp"
#include "support/secret.hpp"

namespace mirror::http {

/// What a webhook's signature proves.
enum class SignatureCheck {
  valid,
  missing,    ///< no header
  repeated,   ///< several headers, or a part of one twice: it is unclear which of them counts
  malformed,  ///< not t=MILLISECONDS and v1=64 lower-case hexadecimal digits
  wrong,      ///< made with none of the secrets, or for another body
  stale,      ///< made with a secret, but too long ago: perhaps recorded and sent again
  ahead       ///< made with a secret, but at a time that is yet to come
};

/// For the log: "is missing", "was made with another secret", ...
std::string_view describe(SignatureCheck check) noexcept;

/// Checks `WorkOS-Signature: t=<milliseconds>, v1=<hexadecimal>`: v1 is the HMAC-SHA256 of t, a dot and the body as it
/// was received, with the endpoint's secret as it was given (https://workos.com/docs/events/data-syncing/webhooks).
/// `headers` are the values of all headers of that name, `secrets` those that are valid now: two while one replaces the
/// other; an empty one matches nothing. A time exactly `tolerance` from `now` is accepted, in both directions. Takes
/// the same time whichever byte differs and whichever secret fits. Throws Error (bug) only if OpenSSL fails.
SignatureCheck check_signature(const std::vector<std::string_view>& headers, std::string_view body,
                               const std::vector<Secret>& secrets, Instant now, std::chrono::milliseconds tolerance);

}  // namespace mirror::http
