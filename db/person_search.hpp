#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "db/erasure.hpp"

namespace mirror::db {

class Connection;

/// A regular expression that finds the ids as whole words.
std::string id_pattern(const std::vector<std::string>& ids);
/// One that finds them as values of members in the text of a jsonb.
std::string null_pattern(const std::vector<std::string>& ids);
/// SQL: the jsonb `column` without ids. As a member's value an id becomes null, elsewhere "erased". Takes null_pattern
/// as parameter `first`, id_pattern as the next one.
std::string without_ids(std::string_view column, int first = 3);

/// Finds what a schema holds of a person. Lives within one transaction; not thread-safe.
class PersonSearch {
 public:
  PersonSearch(Transaction& transaction, const std::string& environment);

  PersonTraces find(const std::string& user);
  /// Adds what came since `traces` was found: reads rows of persons, and of archive and feed only what is new.
  void add_news(PersonTraces& traces);

  /// Whether the schema has that column.
  [[nodiscard]] bool exists(std::string_view table, std::string_view column) const {
    return columns_.contains({std::string(table), std::string(column)});
  }
  /// SQL: whether an event is about the person, rather than about somebody else whom it names with them. Takes the ids,
  /// id_pattern and the user as parameters from `first` on.
  [[nodiscard]] std::string is_about_person(std::string_view event, int first) const;

 private:
  void find_addresses(PersonTraces& traces);
  void add_objects(PersonTraces& traces);
  /// Returns whether they told of more of the person's objects.
  bool add_events(PersonTraces& traces, const std::string& since);
  void add_changes(PersonTraces& traces, std::int64_t after);

  Transaction& transaction_;
  const Connection& connection_;
  const std::string& environment_;
  std::set<std::pair<std::string, std::string>> columns_;
};

}  // namespace mirror::db
