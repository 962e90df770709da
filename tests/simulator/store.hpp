#pragma once

#include <array>
#include <chrono>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/simulator/event_log.hpp"
#include "tests/simulator/ids.hpp"
#include "tests/simulator/record.hpp"
#include "tests/simulator/simulated_clock.hpp"
#include "tests/simulator/table.hpp"

namespace mirror::simulator {

using Json = nlohmann::ordered_json;

/// How a write shows itself to the outside.
struct WriteOptions {
  bool event = true;                         ///< emit the event that belongs to it
  bool touch = true;                         ///< move updated_at to now
  std::string event_name = {};               ///< empty: "<object>.created", ".updated", ".deleted"
  std::chrono::milliseconds event_delay{0};  ///< on top of the visibility delay
};

/// Whose eyes: what the API serves, or what would be there without the faults that spoil objects.
enum class View { served, healthy };

/// The simulated WorkOS environment: all objects and the events of their changes. Errors are Error (usage), naming the
/// object. Not thread-safe: the Simulator guards it.
class Store {
 public:
  Store(SimulatedClock& clock, std::uint64_t seed);

  [[nodiscard]] const Table& table(Kind kind) const { return tables_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] std::size_t size(Kind kind) const { return table(kind).size(); }
  [[nodiscard]] const Record* find(Kind kind, std::string_view id) const { return table(kind).find(id); }
  /// Throws Error (usage) if there is none.
  [[nodiscard]] const Record& get(Kind kind, std::string_view id) const;
  [[nodiscard]] Json object(Kind kind, std::string_view id) const;

  /// Memberships of one organization or one user in list order; empty for an unknown one.
  [[nodiscard]] const Order& memberships_of_organization(const std::string& id) const;
  [[nodiscard]] Order memberships_of_user(const std::string& id) const;
  /// The object whose `key` ("email", "external_id", "domain", "domain_id") has that value, or null.
  [[nodiscard]] const Record* lookup(Kind kind, std::string_view key, const std::string& value) const;

  /// Creates an object with WorkOS' defaults; `fields` may give any field, also id and created_at.
  const Record& create(Kind kind, const Json& fields, const WriteOptions& options = {});
  /// Replaces the given fields. Heals an object that a fault spoiled. A changed created_at moves it in its list.
  const Record& update(Kind kind, const std::string& id, const Json& fields, const WriteOptions& options = {});
  /// Deletes, memberships of a user or an organization first (with events of their own) unless `cascade` is false.
  void erase(Kind kind, const std::string& id, const WriteOptions& options = {}, bool cascade = true);

  /// Room for a large first directory.
  void reserve(Kind kind, std::size_t count) { mutable_table(kind).reserve(count, 2); }
  /// Adds an object of the first directory: no event, `text` as it is.
  Record& load(Kind kind, std::string id, Instant created_at, std::string text, std::unique_ptr<Facts> facts,
               const std::vector<std::string>& keys);
  /// From `expires_at` on, a pending invitation is expired: without an event and without a new updated_at.
  void schedule_expiry(Instant expires_at, const std::string& invitation_id);
  void expire_due_invitations();

  void spoil(Kind kind, const std::string& id, std::string text, int fault);
  void heal(Kind kind, const std::string& id);

  /// The object as lists and single reads show it, appended to `out`.
  void append_listed(std::string& out, Kind kind, const Record& record, View view = View::served) const;
  [[nodiscard]] std::string listed(Kind kind, const Record& record, View view = View::served) const;
  /// All objects of a table ("organization_domains" too) as list objects, in list order.
  [[nodiscard]] std::vector<std::string> truth(std::string_view table, View view = View::served) const;

  void emit(std::string_view name, const Json& data, const WriteOptions& options = {});

  [[nodiscard]] EventLog& events() { return events_; }
  [[nodiscard]] const EventLog& events() const { return events_; }
  [[nodiscard]] Instant now() const { return clock_.now(); }
  [[nodiscard]] IdMaker& ids() { return ids_; }
  [[nodiscard]] SimulatedClock& clock() { return clock_; }

 private:
  Table& mutable_table(Kind kind) { return tables_[static_cast<std::size_t>(kind)]; }
  Record& mutable_record(Kind kind, const std::string& id);
  void store_text(Kind kind, Record& record, const Json& object);
  void join(Record& membership);
  void leave(const Record& membership);
  void cascade_from(Kind kind, const Record& parent, const WriteOptions& options);
  void emit_domain_changes(const Json& before, const Json& after, const WriteOptions& options);

  SimulatedClock& clock_;
  IdMaker ids_;
  EventLog events_;
  std::array<Table, all_kinds.size()> tables_;
  std::unordered_map<std::string, Order> by_organization_;
  std::unordered_map<std::string, std::vector<Record*>> by_user_;  // few each
  std::multimap<Instant, std::string> expiries_;
  std::uint64_t sequence_ = 0;
};

}  // namespace mirror::simulator
