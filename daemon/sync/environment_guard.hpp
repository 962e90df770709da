#pragma once

#include <stop_token>

#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// Rule R15: before anything is written, some of the objects that the mirror holds must exist at the API. Throws Error
/// (misconfigured) if none does: the key belongs to another environment. An empty mirror passes.
void require_same_environment(const MirrorSession& session, const std::stop_token& stop);

}  // namespace mirror::sync
