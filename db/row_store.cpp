#include "db/row_store.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/change_feed.hpp"
#include "db/connection.hpp"
#include "db/environment_sql.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"

namespace mirror::db {
namespace {

std::string bytea_text(const ContentHash& hash) {
  return "\\x" + to_hex(hash);
}

/// How a death is learned, for the feed.
std::string_view via_of(DeletedBy by) {
  switch (by) {
    case DeletedBy::event:
      return "event";
    case DeletedBy::cascade:
      return "cascade";
    case DeletedBy::sweep:
      return "single";
  }
  return "single";
}

/// Deaths as the parameters $2 to $5.
class DeathArrays {
 public:
  static constexpr const char* select =
      "SELECT key, at::timestamptz AS at, event_id, told_at::timestamptz AS told_at, position "
      "FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) "
      "WITH ORDINALITY AS batch (key, at, event_id, told_at, position)";

  explicit DeathArrays(const std::vector<Death>& deaths) {
    for (const auto& death : deaths) {
      keys_.add(death.key);
      instants_.add(mirror::to_string(death.at));
      death.event_id.empty() ? event_ids_.add_null() : event_ids_.add(death.event_id);
      death.told_at ? told_.add(mirror::to_string(*death.told_at)) : told_.add_null();
    }
  }
  [[nodiscard]] std::string keys() const { return keys_.str(); }
  [[nodiscard]] std::string instants() const { return instants_.str(); }
  [[nodiscard]] std::string event_ids() const { return event_ids_.str(); }
  [[nodiscard]] std::string told() const { return told_.str(); }

 private:
  ArrayLiteral keys_;
  ArrayLiteral instants_;
  ArrayLiteral event_ids_;
  ArrayLiteral told_;
};

}  // namespace

std::unique_ptr<RowInsertion> RowStore::begin_insertion(Transaction& transaction) const {
  return std::make_unique<RowInsertion>(transaction, sql_, environment_);
}

void RowStore::insert(Transaction& transaction, const std::vector<RowWrite>& rows) const {
  RowInsertion insertion(transaction, sql_, environment_);
  for (const auto& row : rows) insertion.add(row);
  insertion.finish();
}

void RowStore::update(Transaction& transaction, const std::vector<RowWrite>& rows) const {
  if (rows.empty()) return;
  std::vector<ArrayLiteral> arrays;
  for (const auto& write : rows) {
    const auto values = row_values(write);
    arrays.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) arrays[i].add_optional(values[i]);
  }
  std::vector<std::optional<std::string>> arguments{environment_};
  for (auto& array : arrays) arguments.emplace_back(std::move(array).str());
  transaction.run_list(sql_.update, arguments);
}

long RowStore::bury(Transaction& transaction, std::string_view key_column, const std::vector<Death>& deaths,
                    DeletedBy by, ChangeFeed& feed) const {
  if (deaths.empty()) return 0;
  const bool cascade = by == DeletedBy::cascade;
  // What was observed, or for a child changed at the source, after the death is a life of its own.
  const std::string last_life_sign = cascade ? "COALESCE(updated_at, '-infinity')" : "_observed_at";
  const DeathArrays arrays(deaths);
  // A row that lived died after it was observed, be it in the same tick; one that arrived dead did not: that tells them
  // apart (deaths_by_event). History is told the time of the event, or else of what noticed it, in whole seconds.
  const auto result = transaction.run(
      fmt::format(
          // Each is looked up by its index, whatever the planner knows of the table.
          "WITH dead AS ("
          "UPDATE {0} AS mirrored SET _deleted_at = GREATEST(death.at, _observed_at + interval '1 microsecond'), "
          "_deleted_by = $6, _event_id = GREATEST(death.event_id, _event_id), _changed_at = clock_timestamp() "
          "FROM ({4}) AS death CROSS JOIN LATERAL (SELECT ctid FROM {0} "
          "WHERE _env = {5} AND {1} = death.key AND _deleted_at IS NULL AND {3} <= death.at OFFSET 0) AS found "
          "WHERE mirrored.ctid = found.ctid "
          "RETURNING mirrored.id, _raw, death.event_id, death.position, "
          "CASE WHEN death.told_at = death.at OR updated_at <= death.told_at THEN death.told_at "
          "ELSE GREATEST(death.at, updated_at) END AS died_at) "
          "INSERT INTO {2} (_env, seq, table_name, id, op, via, event_id, observed_at, before) "
          "SELECT $1, $7::bigint - 1 + row_number() OVER (ORDER BY position, id), $8, id, 'delete', $9, "
          "event_id, died_at, _raw FROM dead",
          sql_.name, quote_identifier(key_column), transaction.connection().table("changes"), last_life_sign,
          DeathArrays::select, this_environment),
      environment_, arrays.keys(), arrays.instants(), arrays.event_ids(), arrays.told(), to_string(by), feed.next_seq(),
      spec().name, via_of(by));
  const auto buried = static_cast<long>(result.affected_rows());
  feed.reserve(buried);
  return buried;
}

void RowStore::add_tombstones(Transaction& transaction, const std::vector<Death>& deaths) const {
  if (deaths.empty()) return;
  const DeathArrays arrays(deaths);
  transaction.run(fmt::format("INSERT INTO {} (_env, id, _event_id, _observed_at, _deleted_at, _deleted_by) "
                              "SELECT $1, key, event_id, at, at, 'event' FROM ({}) AS death",
                              sql_.name, DeathArrays::select),
                  environment_, arrays.keys(), arrays.instants(), arrays.event_ids(), arrays.told());
}

/// Those that died by an event of their own have told it. What answers noticed is known in whole seconds.
void RowStore::date_deaths(Transaction& transaction, std::string_view parent_column, const std::vector<Death>& deaths,
                           ChangeFeed& feed) const {
  if (deaths.empty()) return;
  const DeathArrays arrays(deaths);
  const auto result =
      transaction.run(fmt::format("SELECT child.id, death.at, death.event_id FROM ({}) AS death "
                                  "CROSS JOIN LATERAL (SELECT * FROM {} WHERE _env = {} AND {} = death.key OFFSET 0) "
                                  "AS child WHERE _deleted_at > death.at - interval '1 second' "
                                  "AND _deleted_by <> 'event' AND updated_at <= death.at ORDER BY position",
                                  DeathArrays::select, sql_.name, this_environment, quote_identifier(parent_column)),
                      environment_, arrays.keys(), arrays.instants(), arrays.event_ids(), arrays.told());
  std::vector<LateEntry> dated;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    const auto text = [&](int column) { return read_text(result, row, column).value_or(""); };
    dated.push_back({text(0), "cascade", parse_instant(text(1)).value(), text(2)});
  }
  feed.record_late(transaction, spec().name, dated);
}

void RowStore::confirm_deaths(Transaction& transaction, const std::vector<Death>& deaths) const {
  if (deaths.empty()) return;
  const DeathArrays arrays(deaths);
  // A sweep notices a death later, the event knows when it was. That all dead have _deleted_by keeps the planner from
  // the index of deaths, which it would read from end to end for every id as long as statistics know of no dead.
  transaction.run(fmt::format("UPDATE {} AS mirrored SET _deleted_by = 'event', _event_id = death.event_id, "
                              "_deleted_at = CASE WHEN _deleted_by = 'sweep' "
                              "THEN GREATEST(death.at, _observed_at + interval '1 microsecond') "
                              "ELSE GREATEST(_deleted_at, death.at) END, "
                              "_changed_at = clock_timestamp() "
                              "FROM ({}) AS death "
                              "WHERE _env = {} AND mirrored.id = death.key AND _deleted_by IS NOT NULL",
                              sql_.name, DeathArrays::select, this_environment),
                  environment_, arrays.keys(), arrays.instants(), arrays.event_ids(), arrays.told());
}

/// Written as it would be: an index, a constraint or a trigger may refuse what the types accept.
std::optional<std::string> RowStore::storage_error(Transaction& transaction, const RowWrite& row) const {
  transaction.run("SAVEPOINT storable");
  try {
    transaction.run(fmt::format("DELETE FROM {} WHERE _env = $1 AND id = $2", sql_.name), environment_,
                    row.batch->id(row.row));
    insert(transaction, {row});
    transaction.run("RELEASE SAVEPOINT storable");
    return std::nullopt;
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_data) throw;
    transaction.run("ROLLBACK TO SAVEPOINT storable");
    return error.what();
  }
}

/// In the order of the row columns of TableSql.
std::vector<std::optional<std::string>> RowStore::row_values(const RowWrite& write) const {
  const RowBatch& batch = *write.batch;
  std::vector<std::optional<std::string>> values;
  values.emplace_back(batch.id(write.row));
  for (std::size_t column = 0; column < spec().columns.size(); ++column) {
    const auto value = batch.value(write.row, column);
    values.push_back(value ? std::optional<std::string>(*value) : std::nullopt);
  }
  values.emplace_back(mirror::to_string(batch.created_at(write.row)));
  values.emplace_back(mirror::to_string(batch.updated_at(write.row)));
  values.emplace_back(batch.raw(write.row));
  values.emplace_back(bytea_text(batch.hash(write.row)));
  values.push_back(write.event_id.empty() ? std::nullopt : std::optional<std::string>(write.event_id));
  values.emplace_back(mirror::to_string(write.observed_at));
  values.push_back(write.tombstone ? std::optional<std::string>(mirror::to_string(write.tombstone->at)) : std::nullopt);
  values.push_back(write.tombstone ? std::optional<std::string>(to_string(write.tombstone->by)) : std::nullopt);
  return values;
}

}  // namespace mirror::db
