#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/harness/test_database.hpp"

namespace mirror::crash {

/// Proves that a killed sync reads nothing twice but what was in flight: within one snapshot, a page whose progress was
/// committed must not be read again by a later process. Which pages those are is read from the database after each
/// death, when no session of the dead process is left. Two kinds of list are excused: one of an organization that has
/// candidates for deletion, which is read once more to prove it complete, and one whose cursor's object was deleted
/// meanwhile, which may begin again.
class ReadLedger {
 public:
  /// Says whether an object of that id still exists at the API.
  using Exists = std::function<bool(const std::string& id)>;

  /// Enters a finished or killed process that was served `pages` (path and parameters) in that order. Returns the pages
  /// that it read without need.
  std::vector<std::string> enter(harness::TestDatabase& database, const std::vector<std::string>& pages,
                                 const Exists& exists);
  /// Another database: nothing was read yet. The counts go on.
  void begin_anew() { lists_.clear(); }

  [[nodiscard]] std::size_t pages_read() const { return pages_read_; }
  /// Pages that were in flight when a process died and that the next one read again.
  [[nodiscard]] std::size_t pages_read_again() const { return pages_read_again_; }
  /// The most pages that one process took with it.
  [[nodiscard]] std::size_t most_in_flight() const { return most_in_flight_; }

 private:
  /// A list that is walked: of a stream, or of a stream for one organization.
  struct ListName {
    std::string stream;
    std::string scope;
    auto operator<=>(const ListName&) const = default;
  };
  using PagesByList = std::map<ListName, std::vector<std::string>>;
  /// What was read of a list for the snapshot that is running.
  struct Reads {
    std::string snapshot;
    std::set<std::string> committed;
    std::set<std::string> in_flight;
    std::string cursor;
    bool is_read_once_more = false;
  };

  static PagesByList by_list(const std::vector<std::string>& pages);
  std::vector<std::string> count_rereads(const PagesByList& read, const Exists& exists);
  void settle(harness::TestDatabase& database, const PagesByList& read);

  std::map<ListName, Reads> lists_;
  std::size_t pages_read_ = 0;
  std::size_t pages_read_again_ = 0;
  std::size_t most_in_flight_ = 0;
};

}  // namespace mirror::crash
