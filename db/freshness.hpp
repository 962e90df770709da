#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "db/transaction.hpp"

namespace mirror::db {

/// Why a mirror is not fresh enough.
struct Staleness {
  std::string message;  ///< which stream, since when, why
  std::string next_step;
};

/// What `assert_fresh` of the schema would say: empty if every stream of the environment, or only `stream`, is at most
/// `most` old by the clock of the server that is asked. Throws Error.
std::optional<Staleness> find_staleness(Transaction& transaction, std::chrono::milliseconds most,
                                        const std::string& environment, std::string_view stream = {});

}  // namespace mirror::db
