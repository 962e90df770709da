#pragma once

#include <string>
#include <string_view>

#include "support/instant.hpp"

namespace mirror::simulator {

/// The value of `WorkOS-Signature` as production makes it: `t=<milliseconds>, v1=<HMAC-SHA256 of "<t>.<body>">`
/// (https://workos.com/docs/events/data-syncing/webhooks).
std::string sign_webhook(const std::string& secret, Instant now, std::string_view body);

}  // namespace mirror::simulator
