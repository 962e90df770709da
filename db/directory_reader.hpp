#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.hpp"
#include "db/freshness.hpp"
#include "db/transaction.hpp"
#include "model/directory_state.hpp"

namespace mirror::db {

/// Where the mirror of an environment stands, and how far it can be relied upon. Ages are by the database's clock.
struct MirrorPosition {
  std::int64_t feed_seq = 0;                ///< of the last line of the change feed
  std::string feed_written_at;              ///< when that line was written; ISO 8601; empty: it is no longer there
  std::string caught_up_through;            ///< ISO 8601; empty: events were never followed to their end
  std::optional<double> seconds_since_end;  ///< since the last poll that reached the end of the events
  std::string tail_problem;
  std::string tail_problem_since;
  std::string never_certified;             ///< streams without a certificate, joined by ", "
  std::optional<double> oldest_certified;  ///< seconds since the stream read longest ago was certified
  long open_holds = 0;
  std::string oldest_hold_since;
};

/// Reads the live directory of one environment: everything in one snapshot that can't write. Connects nothing itself.
/// Not thread-safe.
class DirectoryReader {
 public:
  /// Throws Error as Transaction does.
  DirectoryReader(Connection& connection, std::string environment);

  [[nodiscard]] MirrorPosition position();
  /// When that line of the change feed was written; ISO 8601; empty: there is no such line.
  [[nodiscard]] std::string feed_written_at(std::int64_t seq);
  /// What `assert_fresh` would say of all streams.
  [[nodiscard]] std::optional<Staleness> staleness(std::chrono::seconds max_age) {
    return find_staleness(transaction_, max_age, environment_);
  }
  /// The present by the database's clock, and so many seconds later; ISO 8601.
  [[nodiscard]] std::pair<std::string, std::string> now_and_later(long seconds);
  [[nodiscard]] std::vector<DirectoryOrganization> organizations();
  [[nodiscard]] std::vector<DirectoryMembership> memberships(const std::vector<std::string>& organizations);
  /// Those that can still be accepted, into these organizations or into none.
  [[nodiscard]] std::vector<DirectoryInvitation> invitations(const std::vector<std::string>& organizations);
  /// Hands every user to `take`; memory does not grow with their number.
  void users(const std::function<void(DirectoryUser&&)>& take);

 private:
  [[nodiscard]] std::string table(const char* name) const { return transaction_.connection().table(name); }

  Transaction transaction_;
  std::string environment_;
};

/// The present by the database's clock is not behind `instant`, ISO 8601.
bool is_before(Connection& connection, const std::string& instant);

}  // namespace mirror::db
