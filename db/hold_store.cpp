#include "db/hold_store.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/connection.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

constexpr const char* record_columns =
    "id, stream, state, cause, COALESCE(snapshot_id, 0), deletions, cascades, live_rows, reason, created_at";

HoldRecord read_record(const Result& result, int row) {
  const auto text = [&](int column) { return std::string(read_text(result, row, column).value_or("")); };
  HoldRecord hold;
  hold.id = static_cast<int>(read_number(result, row, 0));
  hold.stream = text(1);
  hold.state = text(2);
  hold.cause = text(3);
  hold.snapshot_id = read_number(result, row, 4);
  hold.deletions = read_number(result, row, 5);
  hold.cascades = read_number(result, row, 6);
  hold.live_rows = read_number(result, row, 7);
  hold.reason = text(8);
  hold.created_at = text(9);
  return hold;
}

}  // namespace

std::optional<std::string> find_environment_of_hold(Transaction& transaction, int id) {
  const auto result =
      transaction.run(fmt::format("SELECT _env FROM {} WHERE id = $1", transaction.connection().table("holds")), id);
  if (result.empty()) return std::nullopt;
  return std::string(*read_text(result, 0, 0));
}

int HoldStore::open(Transaction& transaction, const HoldRecord& hold, const std::vector<std::string>& ids) const {
  replace_open(transaction, hold.stream, hold.cause);
  const auto& connection = transaction.connection();
  const auto result = transaction.run(
      fmt::format("INSERT INTO {} (_env, stream, cause, snapshot_id, deletions, cascades, live_rows, reason) "
                  "VALUES ($1, $2, $3, NULLIF($4::bigint, 0), $5, $6, $7, $8) RETURNING id",
                  connection.table("holds")),
      environment_, hold.stream, hold.cause, hold.snapshot_id, hold.deletions, hold.cascades, hold.live_rows,
      hold.reason);
  const int id = static_cast<int>(read_number(result, 0, 0));
  transaction.run(fmt::format("INSERT INTO {} (hold_id, table_name, id) SELECT $1, $2, unnest($3::text[])",
                              connection.table("hold_items")),
                  id, hold.stream, array_literal(ids));
  return id;
}

void HoldStore::replace_open(Transaction& transaction, std::string_view stream, std::string_view cause) const {
  transaction.run(fmt::format("UPDATE {} SET state = 'replaced', decided_at = clock_timestamp() "
                              "WHERE _env = $1 AND stream = $2 AND cause = $3 AND state = 'open'",
                              transaction.connection().table("holds")),
                  environment_, stream, cause);
}

void HoldStore::close_moot(Transaction& transaction, const TableSpec& table, int decided) const {
  const auto& connection = transaction.connection();
  transaction.run(fmt::format("UPDATE {} AS hold SET state = 'replaced', decided_at = clock_timestamp() "
                              "WHERE hold._env = $1 AND hold.stream = $2 AND hold.state = 'open' AND hold.id <> $3 "
                              "AND NOT EXISTS (SELECT FROM {} AS item JOIN {} AS alive ON alive._env = $1 "
                              "AND alive.id = item.id AND alive._deleted_at IS NULL "
                              "WHERE item.hold_id = hold.id AND item.outcome IS NULL)",
                              connection.table("holds"), connection.table("hold_items"), connection.table(table.name)),
                  environment_, table.name, decided);
}

std::vector<HoldRecord> HoldStore::read_open(Transaction& transaction) const {
  const auto result = transaction.run(fmt::format("SELECT {} FROM {} WHERE _env = $1 AND state = 'open' ORDER BY id",
                                                  record_columns, transaction.connection().table("holds")),
                                      environment_);
  std::vector<HoldRecord> holds;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) holds.push_back(read_record(result, row));
  return holds;
}

std::optional<HoldRecord> HoldStore::read(Transaction& transaction, int id) const {
  const auto result = transaction.run(fmt::format("SELECT {} FROM {} WHERE _env = $1 AND id = $2", record_columns,
                                                  transaction.connection().table("holds")),
                                      environment_, id);
  if (result.empty()) return std::nullopt;
  return read_record(result, 0);
}

std::vector<HeldDeletion> HoldStore::read_items(Transaction& transaction, int id) const {
  const auto result = transaction.run(
      fmt::format("SELECT id, event_id, deleted_at FROM {} WHERE hold_id = $1 AND outcome IS NULL ORDER BY id",
                  transaction.connection().table("hold_items")),
      id);
  std::vector<HeldDeletion> items;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    const auto text = [&](int column) { return std::string(read_text(result, row, column).value_or("")); };
    items.push_back({text(0), text(1), text(2)});
  }
  return items;
}

JoinedHold HoldStore::join(Transaction& transaction, const HoldRecord& hold,
                           const std::vector<HeldDeletion>& deletions) const {
  const auto& connection = transaction.connection();
  const auto found = transaction.run(
      fmt::format("SELECT id FROM {} WHERE _env = $1 AND stream = $2 AND cause = 'event' AND state = 'open'",
                  connection.table("holds")),
      environment_, hold.stream);
  JoinedHold joined;
  joined.id = found.empty() ? open(transaction, hold, {}) : static_cast<int>(read_number(found, 0, 0));
  ArrayLiteral ids;
  ArrayLiteral event_ids;
  ArrayLiteral instants;
  ArrayLiteral children;
  for (const auto& deletion : deletions) {
    ids.add(deletion.id);
    event_ids.add(deletion.event_id);
    instants.add(deletion.deleted_at);
    children.add(std::to_string(deletion.children));
  }
  // Events come several times. A row that no transaction has touched yet is a new one.
  const auto added = transaction.run(
      fmt::format("WITH batch AS (SELECT id, event_id, at::timestamptz AS at, children FROM "
                  "unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) AS held (id, event_id, at, children)), "
                  "kept AS (INSERT INTO {} (hold_id, table_name, id, event_id, deleted_at) "
                  "SELECT $1, $2, id, event_id, at FROM batch "
                  "ON CONFLICT (hold_id, table_name, id) DO UPDATE SET event_id = EXCLUDED.event_id, "
                  "deleted_at = EXCLUDED.deleted_at RETURNING id, xmax = 0 AS is_new), "
                  "news AS (SELECT count(*) FILTER (WHERE is_new) AS count, max(at) AS through, "
                  "COALESCE(sum(children) FILTER (WHERE is_new), 0) AS children FROM batch JOIN kept USING (id)) "
                  "UPDATE {} AS hold SET deletions = hold.deletions + news.count, "
                  "cascades = hold.cascades + news.children, through = GREATEST(hold.through, news.through) "
                  "FROM news WHERE hold.id = $1 RETURNING news.count",
                  connection.table("hold_items"), connection.table("holds")),
      joined.id, hold.stream, ids.str(), event_ids.str(), instants.str(), children.str());
  joined.added = read_number(added, 0, 0);
  return joined;
}

bool HoldStore::is_open(Transaction& transaction, std::string_view stream, std::string_view cause) const {
  return !transaction
              .run(fmt::format("SELECT FROM {} WHERE _env = $1 AND stream = $2 AND cause = $3 AND state = 'open'",
                               transaction.connection().table("holds")),
                   environment_, stream, cause)
              .empty();
}

std::vector<std::string> HoldStore::held_by_events(Transaction& transaction, std::string_view stream) const {
  const auto result = transaction.run(
      fmt::format("SELECT item.id FROM {} AS hold JOIN {} AS item ON item.hold_id = hold.id "
                  "WHERE hold._env = $1 AND stream = $2 AND cause = 'event' AND state = 'open'",
                  transaction.connection().table("holds"), transaction.connection().table("hold_items")),
      environment_, stream);
  std::vector<std::string> ids;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) ids.emplace_back(*read_text(result, row, 0));
  return ids;
}

std::set<std::string, std::less<>> HoldStore::discarded_events(Transaction& transaction, std::string_view stream,
                                                               const std::vector<std::string_view>& ids) const {
  const auto result = transaction.run(
      fmt::format("SELECT item.event_id FROM {} AS hold CROSS JOIN unnest($3::text[]) AS wanted (id) "
                  "CROSS JOIN LATERAL (SELECT event_id FROM {} "
                  "WHERE hold_id = hold.id AND table_name = $2 AND id = wanted.id OFFSET 0) AS item "
                  "WHERE hold._env = $1 AND stream = $2 AND cause = 'event' AND state = 'discarded'",
                  transaction.connection().table("holds"), transaction.connection().table("hold_items")),
      environment_, stream, array_literal(ids));
  std::set<std::string, std::less<>> events;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    if (const auto id = read_text(result, row, 0)) events.emplace(*id);
  }
  return events;
}

std::optional<Instant> HoldStore::approved_at(Transaction& transaction, const TableSpec& table) const {
  ArrayLiteral parents;
  for (const auto& parent : table.parents) parents.add(parent.table);
  const auto result =
      transaction.run(fmt::format("SELECT max(decided_at) FROM {} WHERE _env = $1 AND state = 'approved' "
                                  "AND ((stream = $2 AND cause = 'event') OR stream = ANY ($3::text[]))",
                                  transaction.connection().table("holds")),
                      environment_, table.name, parents.str());
  const auto text = read_text(result, 0, 0);
  return text ? parse_instant(*text) : std::nullopt;
}

bool HoldStore::is_held(Transaction& transaction, const TableSpec& table, std::string_view id) const {
  const auto& connection = transaction.connection();
  // The names of tables come from the specs.
  std::string is_item = fmt::format("(item.table_name = '{}' AND item.id = held.id)", table.name);
  for (const auto& parent : table.parents) {
    is_item += fmt::format(" OR (item.table_name = '{}' AND item.id = held.{})", parent.table,
                           quote_identifier(parent.column));
  }
  const auto result = transaction.run(
      fmt::format("SELECT FROM {} AS held WHERE held._env = $1 AND held.id = $2 AND EXISTS ("
                  "SELECT FROM {} AS hold JOIN {} AS item ON item.hold_id = hold.id "
                  "WHERE hold._env = $1 AND hold.state = 'open' AND item.outcome IS NULL AND ({}))",
                  connection.table(table.name), connection.table("holds"), connection.table("hold_items"), is_item),
      environment_, id);
  return !result.empty();
}

bool HoldStore::decide(Transaction& transaction, int id, std::string_view state, std::string_view decided_by) const {
  const auto result =
      transaction.run(fmt::format("UPDATE {} SET state = $3, decided_at = clock_timestamp(), decided_by = $4 "
                                  "WHERE _env = $1 AND id = $2 AND state = 'open'",
                                  transaction.connection().table("holds")),
                      environment_, id, state, decided_by);
  return result.affected_rows() == 1;
}

void HoldStore::note_outcome(Transaction& transaction, int id, const std::vector<std::string>& deleted,
                             long rows_deleted, const std::vector<std::string>& kept) const {
  const auto& connection = transaction.connection();
  for (const auto& [outcome, ids] : {std::pair{"deleted", &deleted}, std::pair{"kept", &kept}}) {
    transaction.run(fmt::format("UPDATE {} SET outcome = $2 WHERE hold_id = $1 AND id = ANY ($3::text[])",
                                connection.table("hold_items")),
                    id, outcome, array_literal(*ids));
  }
  transaction.run(fmt::format("UPDATE {} SET deleted = $2, kept = $3 WHERE id = $1", connection.table("holds")), id,
                  rows_deleted, static_cast<long>(kept.size()));
}

}  // namespace mirror::db
