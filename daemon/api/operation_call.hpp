#pragma once

#include <string>

#include "api/api_call.hpp"
#include "api/operation_values.hpp"
#include "support/secret.hpp"

namespace mirror::api {

/// As whom an operation is called.
struct Identity {
  Secret key;                   ///< of the environment; also the secret of its applications
  bool is_public = false;       ///< an application that can keep no secret (Caller::maybe_public)
  std::string idempotency_key;  ///< of a POST
};

/// The request of an operation with values. Throws Error (usage) as check_values does, and if `identity` is public and
/// the operation needs a secret.
ApiCall make_call(const Operation& operation, const OperationValues& values, const Identity& identity);

/// The same request with all secrets hidden, the key included: for people.
ApiCall make_shown_call(const Operation& operation, const OperationValues& values, const Identity& identity);

/// A key that no other call has.
std::string new_idempotency_key();

}  // namespace mirror::api
