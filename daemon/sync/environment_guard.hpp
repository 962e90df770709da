#pragma once

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "db/mirror_tables.hpp"
#include "support/error.hpp"
#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// The API could not be asked whose key it is: it is away, or refuses the key.
class EnvironmentUnknown : public Error {
 public:
  explicit EnvironmentUnknown(const Error& cause)
      : Error(cause.fault(), std::string("the environment can't be recognised: ") + cause.what(), cause.next_step()) {}
};

/// Ids of the newest and of the oldest live rows of each stream's table, a handful. Old ones are unlikely to have been
/// deleted by chance.
using EnvironmentSample = std::vector<std::pair<const TableSpec*, std::vector<std::string>>>;

EnvironmentSample take_environment_sample(db::Transaction& transaction, const db::MirrorTables& tables);

/// Rule R15: before anything is written, some of the objects that the mirror holds must exist at the API. Throws Error
/// (misconfigured) if none does: the key belongs to another environment; EnvironmentUnknown if the API doesn't answer.
/// An empty mirror passes.
void require_same_environment(const MirrorSession& session, const std::stop_token& stop);

/// The same for who has no session: `environment` is its name.
void require_same_environment(const api::DirectoryApi& api, const EnvironmentSample& sample,
                              const std::string& environment, const std::stop_token& stop);

}  // namespace mirror::sync
