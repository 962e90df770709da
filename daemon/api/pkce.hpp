#pragma once

#include <string>
#include <string_view>

#include "support/secret.hpp"

namespace mirror::api {

/// A new code verifier: 43 characters from 32 random bytes (RFC 7636, section 4.1). Throws Error (unavailable) if the
/// system has no randomness.
Secret new_code_verifier();

/// Its challenge by the method S256: base64url(SHA-256(verifier)), without padding (RFC 7636, section 4.2).
std::string code_challenge(std::string_view verifier);

}  // namespace mirror::api
