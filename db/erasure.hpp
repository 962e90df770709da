#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirror::db {

class ChangeFeed;
class ErasedIds;
class Transaction;

/// Where a person's traces stand, as far as a search beside the running mirror found them.
struct PersonTraces {
  std::string user;
  std::vector<std::string> objects;    ///< ids of memberships and invitations that are about the person
  std::vector<std::string> addresses;  ///< of the person alone, in lower case
  long shared_addresses = 0;           ///< that another user has as well: they lead to nothing
  std::vector<std::pair<std::string, std::string>> events;  ///< id and creation
  std::vector<std::string> changes;                         ///< positions in the feed
  std::string searched_at;                                  ///< by the database's clock: what came later is not in it
  std::int64_t searched_seq = 0;                            ///< the feed's position then
};

/// What was done in one table.
struct ErasedPlace {
  std::string table;
  long removed = 0;  ///< rows that are gone
  long cleared = 0;  ///< rows that stay, without what they held of the person
};

/// The outcome of an erasure; holds no id.
struct Erasure {
  std::string hash;                 ///< hexadecimal
  std::string erased_at;            ///< by the database's clock
  std::string first_at;             ///< the same, unless the person was erased before
  std::vector<ErasedPlace> places;  ///< those in which something was found
  long shared_addresses = 0;
  long walks = 0;  ///< that are under way and name the id until they end
};

/// An erasure as the database remembers it.
struct ErasureRecord {
  std::string hash;
  std::string erased_at;
  std::string erased_by;
  std::string repeated_at;
  long rows = 0;
};

/// Which table of the mirror holds `id` as a row that is no user; empty: none.
std::string other_table_of(Transaction& transaction, std::string_view environment, std::string_view id);

/// Looks for all traces of a user. Reads the whole archive and feed, so it may last minutes; writes nothing.
PersonTraces find_traces(Transaction& transaction, const std::string& environment, const std::string& user);

/// Removes a person from everything that one environment holds, in a write transaction, and lets nothing of them in
/// again. Looks only at `found` and at what came since.
Erasure erase_person(Transaction& transaction, const std::string& environment, const PersonTraces& found,
                     std::string_view erased_by, ErasedIds& erased, ChangeFeed& feed);

/// All erasures of the environment, oldest first.
std::vector<ErasureRecord> list_erasures(Transaction& transaction, std::string_view environment);

}  // namespace mirror::db
