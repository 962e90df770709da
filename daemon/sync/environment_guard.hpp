#pragma once

#include <stop_token>
#include <string>

#include "support/error.hpp"
#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// The API could not be asked whose key it is: it is away, or refuses the key.
class EnvironmentUnknown : public Error {
 public:
  explicit EnvironmentUnknown(const Error& cause)
      : Error(cause.fault(), std::string("the environment can't be recognised: ") + cause.what(), cause.next_step()) {}
};

/// Rule R15: before anything is written, some of the objects that the mirror holds must exist at the API. Throws Error
/// (misconfigured) if none does: the key belongs to another environment; EnvironmentUnknown if the API doesn't answer.
/// An empty mirror passes.
void require_same_environment(const MirrorSession& session, const std::stop_token& stop);

}  // namespace mirror::sync
