#include "db/row_store.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/change_feed.hpp"
#include "db/connection.hpp"
#include "db/copy_stream.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"

namespace mirror::db {
namespace {

std::optional<Instant> read_instant(const Result& result, int row, int column) {
  const auto text = read_text(result, row, column);
  return text ? parse_instant(*text) : std::nullopt;
}

std::optional<ContentHash> read_hash(const Result& result, int row, int column) {
  const auto text = read_text(result, row, column);
  return text && text->starts_with("\\x") ? parse_hash(text->substr(2)) : std::nullopt;
}

DeletedBy parse_deleted_by(std::string_view text) {
  if (text == "event") return DeletedBy::event;
  return text == "cascade" ? DeletedBy::cascade : DeletedBy::sweep;
}

/// In the order of TableSql::select_states.
RowState read_state(const Result& result, int row) {
  RowState state;
  state.created_at = read_instant(result, row, 1);
  state.updated_at = read_instant(result, row, 2);
  state.hash = read_hash(result, row, 3);
  state.observed_at = read_instant(result, row, 4).value_or(Instant{});
  state.event_id = read_text(result, row, 5).value_or("");
  if (const auto deleted_at = read_instant(result, row, 6)) {
    state.tombstone = Tombstone{*deleted_at, parse_deleted_by(read_text(result, row, 7).value_or("sweep"))};
  }
  return state;
}

std::vector<std::string> add_states(const Result& result, RowStates& into) {
  std::vector<std::string> ids;
  const int rows = static_cast<int>(result.size());
  ids.reserve(result.size());
  for (int row = 0; row < rows; ++row) {
    ids.emplace_back(*read_text(result, row, 0));
    into.try_emplace(ids.back(), read_state(result, row));
  }
  return ids;
}

std::string bytea_text(const ContentHash& hash) {
  return "\\x" + to_hex(hash);
}

/// A column's value from the text form in which a RowBatch holds it.
void copy_value(CopyStream& copy, ColumnType type, std::optional<std::string_view> value) {
  if (!value) return copy.null();
  switch (type) {
    case ColumnType::text:
    case ColumnType::slug:
      return copy.text(*value);
    case ColumnType::boolean:
      return copy.boolean(*value == "t");
    case ColumnType::instant: {
      const auto instant = parse_instant(*value);
      if (!instant) throw Error(Fault::bug, "a decoded instant can't be read");
      return copy.instant(*instant);
    }
    case ColumnType::json:
      return copy.json(*value);
    case ColumnType::slugs:
      return copy.texts(array_elements(*value));
  }
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

/// Deaths as the parameters $2 to $4.
class DeathArrays {
 public:
  static constexpr const char* select =
      "SELECT key, at::timestamptz AS at, event_id, position "
      "FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS batch (key, at, event_id, position)";

  explicit DeathArrays(const std::vector<Death>& deaths) {
    for (const auto& death : deaths) {
      keys_.add(death.key);
      instants_.add(mirror::to_string(death.at));
      death.event_id.empty() ? event_ids_.add_null() : event_ids_.add(death.event_id);
    }
  }
  [[nodiscard]] std::string keys() const { return keys_.str(); }
  [[nodiscard]] std::string instants() const { return instants_.str(); }
  [[nodiscard]] std::string event_ids() const { return event_ids_.str(); }

 private:
  ArrayLiteral keys_;
  ArrayLiteral instants_;
  ArrayLiteral event_ids_;
};

std::optional<std::string> instant_text(const std::optional<Instant>& instant) {
  if (!instant) return std::nullopt;
  return mirror::to_string(*instant);
}

}  // namespace

RowStore::RowStore(const Connection& connection, const TableSpec& spec, std::string environment)
    : sql_(connection, spec), environment_(std::move(environment)) {}

void RowStore::read_states(Transaction& transaction, const std::vector<std::string_view>& ids, RowStates& into) const {
  if (ids.empty()) return;
  add_states(transaction.run(sql_.select_states_by("id"), environment_, array_literal(ids)), into);
}

RawTexts RowStore::read_states_and_raws(Transaction& transaction, const std::vector<std::string_view>& ids,
                                        RowStates& into) const {
  RawTexts raws;
  if (ids.empty()) return raws;
  const auto result = transaction.run(sql_.select_states_and_raws_by_id, environment_, array_literal(ids));
  const auto found = add_states(result, into);
  constexpr int raw_column = 8;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    if (const auto raw = read_text(result, row, raw_column)) raws.emplace(found[static_cast<std::size_t>(row)], *raw);
  }
  return raws;
}

std::optional<RowState> RowStore::read_state(Transaction& transaction, std::string_view id) const {
  RowStates states;
  read_states(transaction, {id}, states);
  if (states.empty()) return std::nullopt;
  return std::move(states.begin()->second);
}

std::vector<std::vector<std::string>> RowStore::read_states_in(Transaction& transaction,
                                                               const std::vector<CreationRange>& ranges,
                                                               std::string_view scope_column, RowStates& into) const {
  std::vector<std::vector<std::string>> ids(ranges.size());
  if (ranges.empty()) return ids;
  ArrayLiteral from;
  ArrayLiteral to;
  ArrayLiteral scopes;
  for (const auto& range : ranges) {
    from.add(instant_text(range.from).value_or("-infinity"));
    to.add(instant_text(range.to).value_or("infinity"));
    scopes.add(range.scope);
  }
  const bool has_scope = !ranges.front().scope.empty();
  const auto result = transaction.run(sql_.select_states_in(has_scope ? quote_identifier(scope_column) : ""),
                                      environment_, from.str(), to.str(), scopes.str());
  constexpr int range_column = 8;
  auto found = add_states(result, into);
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    const auto range = static_cast<std::size_t>(read_number(result, row, range_column)) - 1;
    ids[range].push_back(std::move(found[static_cast<std::size_t>(row)]));
  }
  return ids;
}

std::vector<std::string> RowStore::read_states_of(Transaction& transaction, std::string_view column,
                                                  const std::vector<std::string_view>& values, RowStates& into) const {
  if (values.empty()) return {};
  return add_states(
      transaction.run(sql_.select_states_by(quote_identifier(column)), environment_, array_literal(values)), into);
}

std::vector<std::string> RowStore::read_live_values(Transaction& transaction, std::string_view column,
                                                    std::string_view after, int most) const {
  const auto result = transaction.run(
      fmt::format("SELECT DISTINCT {0} FROM {1} WHERE _env = $1 AND {0} > $2 AND _deleted_at IS NULL ORDER BY {0} "
                  "LIMIT $3",
                  quote_identifier(column), sql_.name),
      environment_, after, most);
  std::vector<std::string> values;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) values.emplace_back(*read_text(result, row, 0));
  return values;
}

std::optional<std::string> RowStore::read_raw(Transaction& transaction, std::string_view id) const {
  const auto result =
      transaction.run(fmt::format("SELECT _raw FROM {} WHERE _env = $1 AND id = $2", sql_.name), environment_, id);
  if (result.empty()) return std::nullopt;
  const auto raw = read_text(result, 0, 0);
  return raw ? std::optional<std::string>(*raw) : std::nullopt;
}

bool RowStore::has_dead(Transaction& transaction) const {
  return !transaction.run(sql_.select_any_dead, environment_).empty();
}

std::unordered_map<std::string, Tombstone, IdHash, std::equal_to<>> RowStore::read_dead(
    Transaction& transaction, const std::vector<std::string_view>& ids) const {
  std::unordered_map<std::string, Tombstone, IdHash, std::equal_to<>> dead;
  if (ids.empty()) return dead;
  RowStates states;
  add_states(transaction.run(sql_.select_dead_by_id, environment_, array_literal(ids)), states);
  for (const auto& [id, state] : states) dead.emplace(id, *state.tombstone);
  return dead;
}

void RowStore::insert(Transaction& transaction, const std::vector<RowWrite>& rows) const {
  if (rows.empty()) return;
  CopyStream copy(transaction, sql_.name, sql_.copied_columns);
  for (const auto& write : rows) {
    const RowBatch& batch = *write.batch;
    copy.begin_row();
    copy.text(environment_);
    copy.text(batch.id(write.row));
    for (std::size_t column = 0; column < spec().columns.size(); ++column) {
      copy_value(copy, spec().columns[column].type, batch.value(write.row, column));
    }
    copy.instant(batch.created_at(write.row));
    copy.instant(batch.updated_at(write.row));
    copy.json(batch.raw(write.row));
    copy.hash(batch.hash(write.row));
    write.event_id.empty() ? copy.null() : copy.text(write.event_id);
    copy.instant(write.observed_at);
    if (write.tombstone) {
      copy.instant(write.tombstone->at);
      copy.text(to_string(write.tombstone->by));
    } else {
      copy.null();
      copy.null();
    }
  }
  copy.finish();
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
  for (const auto& array : arrays) arguments.emplace_back(array.str());
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
  // apart (deaths_by_event).
  const auto result = transaction.run(
      fmt::format(
          "WITH dead AS ("
          "UPDATE {0} AS mirrored SET _deleted_at = GREATEST(death.at, _observed_at + interval '1 microsecond'), "
          "_deleted_by = $5, _event_id = GREATEST(death.event_id, _event_id), _changed_at = clock_timestamp() "
          "FROM ({4}) AS death "
          "WHERE _env = $1 AND mirrored.{1} = death.key AND _deleted_at IS NULL AND {3} <= death.at "
          "RETURNING mirrored.id, _raw, death.at, death.event_id, death.position) "
          "INSERT INTO {2} (_env, seq, table_name, id, op, via, event_id, observed_at, before) "
          "SELECT $1, $6::bigint - 1 + row_number() OVER (ORDER BY position, id), $7, id, 'delete', $8, "
          "event_id, at, _raw FROM dead",
          sql_.name, quote_identifier(key_column), transaction.connection().table("changes"), last_life_sign,
          DeathArrays::select),
      environment_, arrays.keys(), arrays.instants(), arrays.event_ids(), to_string(by), feed.next_seq(), spec().name,
      via_of(by));
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
                  environment_, arrays.keys(), arrays.instants(), arrays.event_ids());
}

void RowStore::confirm_deaths(Transaction& transaction, const std::vector<Death>& deaths) const {
  if (deaths.empty()) return;
  const DeathArrays arrays(deaths);
  transaction.run(fmt::format("UPDATE {} AS mirrored SET _deleted_by = 'event', _event_id = death.event_id, "
                              "_deleted_at = GREATEST(_deleted_at, death.at), _changed_at = clock_timestamp() "
                              "FROM ({}) AS death "
                              "WHERE _env = $1 AND mirrored.id = death.key AND _deleted_at IS NOT NULL",
                              sql_.name, DeathArrays::select),
                  environment_, arrays.keys(), arrays.instants(), arrays.event_ids());
}

std::vector<Instant> RowStore::deaths_by_event(Transaction& transaction, Instant after) const {
  const auto result =
      transaction.run(fmt::format("SELECT _deleted_at FROM {} WHERE _env = $1 AND _deleted_at > $2::timestamptz "
                                  "AND _deleted_by IN ('event', 'cascade') AND _observed_at < _deleted_at "
                                  "ORDER BY _deleted_at",
                                  sql_.name),
                      environment_, mirror::to_string(after));
  std::vector<Instant> deaths;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) deaths.push_back(*read_instant(result, row, 0));
  return deaths;
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

std::vector<std::pair<std::string, long>> RowStore::count_live_by(Transaction& transaction, std::string_view column,
                                                                  const std::vector<std::string_view>& values) const {
  std::vector<std::pair<std::string, long>> counts;
  if (values.empty()) return counts;
  const auto result = transaction.run(
      fmt::format("SELECT wanted_value, live.rows FROM (SELECT DISTINCT unnest($2::text[])) AS wanted (wanted_value) "
                  "CROSS JOIN LATERAL (SELECT count(*) AS rows FROM {} "
                  "WHERE _env = $1 AND {} = wanted_value AND _deleted_at IS NULL) AS live WHERE live.rows > 0",
                  sql_.name, quote_identifier(column)),
      environment_, array_literal(values));
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    counts.emplace_back(*read_text(result, row, 0), read_number(result, row, 1));
  }
  return counts;
}

std::vector<std::string> RowStore::sample_ids(Transaction& transaction, int each) const {
  const auto result = transaction.run(
      fmt::format("(SELECT id FROM {0} WHERE _env = $1 AND _deleted_at IS NULL ORDER BY created_at DESC LIMIT $2) "
                  "UNION (SELECT id FROM {0} WHERE _env = $1 AND _deleted_at IS NULL ORDER BY created_at LIMIT $2)",
                  sql_.name),
      environment_, each);
  std::vector<std::string> ids;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) ids.emplace_back(*read_text(result, row, 0));
  return ids;
}

/// Reads blocks, not rows, so that it takes as long for a million rows as for a thousand.
std::vector<std::pair<std::string, Instant>> RowStore::sample_places(Transaction& transaction) const {
  constexpr int blocks = 400;
  const auto result = transaction.run(
      fmt::format("SELECT id, created_at FROM {} TABLESAMPLE SYSTEM (LEAST(100, 100.0 * $2 / GREATEST(1, "
                  "pg_relation_size($3::regclass) / current_setting('block_size')::int))) "
                  "WHERE _env = $1 AND _deleted_at IS NULL AND created_at IS NOT NULL",
                  sql_.name),
      environment_, blocks, sql_.name);
  std::vector<std::pair<std::string, Instant>> places;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    places.emplace_back(*read_text(result, row, 0), *read_instant(result, row, 1));
  }
  return places;
}

bool RowStore::is_empty(Transaction& transaction) const {
  return transaction.run(fmt::format("SELECT FROM {} WHERE _env = $1 LIMIT 1", sql_.name), environment_).empty();
}

long RowStore::count_live(Transaction& transaction) const {
  const auto result = transaction.run(
      fmt::format("SELECT count(*) FROM {} WHERE _env = $1 AND _deleted_at IS NULL", sql_.name), environment_);
  return read_number(result, 0, 0);
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
  values.push_back(write.tombstone ? instant_text(write.tombstone->at) : std::nullopt);
  values.push_back(write.tombstone ? std::optional<std::string>(to_string(write.tombstone->by)) : std::nullopt);
  return values;
}

std::string_view to_string(DeletedBy by) noexcept {
  switch (by) {
    case DeletedBy::event:
      return "event";
    case DeletedBy::sweep:
      return "sweep";
    case DeletedBy::cascade:
      return "cascade";
  }
  return "sweep";
}

}  // namespace mirror::db
