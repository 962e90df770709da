#include "db/freshness.hpp"

#include <fmt/core.h>

namespace mirror::db {

std::optional<Staleness> find_staleness(Transaction& transaction, std::chrono::milliseconds most,
                                        const std::string& environment, std::string_view stream) {
  const std::optional<std::string_view> only = stream.empty() ? std::nullopt : std::optional(stream);
  const Result result =
      transaction.run(fmt::format("SELECT message, hint FROM {}(make_interval(secs => $1::float8), $2, $3)",
                                  transaction.connection().table("staleness")),
                      std::chrono::duration<double>(most).count(), environment, only);
  if (result.empty()) return std::nullopt;
  return Staleness{std::string(view(result[0][0])), std::string(view(result[0][1]))};
}

}  // namespace mirror::db
