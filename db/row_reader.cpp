#include "db/row_reader.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/connection.hpp"
#include "db/environment_sql.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"

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

std::optional<std::string> instant_text(const std::optional<Instant>& instant) {
  if (!instant) return std::nullopt;
  return mirror::to_string(*instant);
}

}  // namespace

RowReader::RowReader(const Connection& connection, const TableSpec& spec, std::string environment)
    : sql_(connection, spec), environment_(std::move(environment)) {}

void RowReader::read_states(Transaction& transaction, const std::vector<std::string_view>& ids, RowStates& into) const {
  if (ids.empty()) return;
  add_states(transaction.run(sql_.select_states_by("id"), environment_, array_literal(ids)), into);
}

RawTexts RowReader::read_states_and_raws(Transaction& transaction, const std::vector<std::string_view>& ids,
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

std::optional<RowState> RowReader::read_state(Transaction& transaction, std::string_view id) const {
  RowStates states;
  read_states(transaction, {id}, states);
  if (states.empty()) return std::nullopt;
  return std::move(states.begin()->second);
}

std::vector<std::vector<std::string>> RowReader::read_states_in(Transaction& transaction,
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

std::vector<std::string> RowReader::read_states_of(Transaction& transaction, std::string_view column,
                                                   const std::vector<std::string_view>& values, RowStates& into) const {
  if (values.empty()) return {};
  return add_states(
      transaction.run(sql_.select_states_by(quote_identifier(column)), environment_, array_literal(values)), into);
}

std::vector<std::string> RowReader::read_live_values(Transaction& transaction, std::string_view column,
                                                     std::string_view after, int most) const {
  const auto result = transaction.run(
      fmt::format("SELECT DISTINCT {0} FROM {1} WHERE _env = {2} AND {0} > $2 AND _deleted_at IS NULL ORDER BY {0} "
                  "LIMIT $3",
                  quote_identifier(column), sql_.name, this_environment),
      environment_, after, most);
  std::vector<std::string> values;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) values.emplace_back(*read_text(result, row, 0));
  return values;
}

std::optional<std::string> RowReader::read_raw(Transaction& transaction, std::string_view id) const {
  const auto result =
      transaction.run(fmt::format("SELECT _raw FROM {} WHERE _env = $1 AND id = $2", sql_.name), environment_, id);
  if (result.empty()) return std::nullopt;
  const auto raw = read_text(result, 0, 0);
  return raw ? std::optional<std::string>(*raw) : std::nullopt;
}

bool RowReader::has_dead(Transaction& transaction) const {
  return !transaction.run(sql_.select_any_dead, environment_).empty();
}

std::unordered_map<std::string, Tombstone, IdHash, std::equal_to<>> RowReader::read_dead(
    Transaction& transaction, const std::vector<std::string_view>& ids) const {
  std::unordered_map<std::string, Tombstone, IdHash, std::equal_to<>> dead;
  if (ids.empty()) return dead;
  RowStates states;
  add_states(transaction.run(sql_.select_dead_by_id, environment_, array_literal(ids)), states);
  for (const auto& [id, state] : states) dead.emplace(id, *state.tombstone);
  return dead;
}

std::vector<Instant> RowReader::deaths_by_event(Transaction& transaction, Instant after,
                                                std::optional<Instant> written_after) const {
  const auto result =
      transaction.run(fmt::format("SELECT _deleted_at FROM {} WHERE _env = {} AND _deleted_at > $2::timestamptz "
                                  "AND _deleted_by IN ('event', 'cascade') AND _observed_at < _deleted_at "
                                  "AND _changed_at > COALESCE($3::timestamptz, '-infinity') ORDER BY _deleted_at",
                                  sql_.name, this_environment),
                      environment_, mirror::to_string(after), instant_text(written_after));
  std::vector<Instant> deaths;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) deaths.push_back(*read_instant(result, row, 0));
  return deaths;
}

std::vector<std::pair<std::string, long>> RowReader::count_live_by(Transaction& transaction, std::string_view column,
                                                                   const std::vector<std::string_view>& values) const {
  std::vector<std::pair<std::string, long>> counts;
  if (values.empty()) return counts;
  const auto result = transaction.run(
      fmt::format("SELECT wanted_value, live.rows FROM (SELECT DISTINCT unnest($2::text[])) AS wanted (wanted_value) "
                  "CROSS JOIN LATERAL (SELECT count(*) AS rows FROM {} "
                  "WHERE _env = {} AND {} = wanted_value AND _deleted_at IS NULL) AS live WHERE live.rows > 0",
                  sql_.name, this_environment, quote_identifier(column)),
      environment_, array_literal(values));
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    counts.emplace_back(*read_text(result, row, 0), read_number(result, row, 1));
  }
  return counts;
}

std::vector<std::string> RowReader::sample_ids(Transaction& transaction, int each) const {
  // The order is that of the key, which every table has.
  const auto result = transaction.run(
      fmt::format("(SELECT id FROM {0} WHERE _env = {1} AND _deleted_at IS NULL ORDER BY id DESC LIMIT $2) "
                  "UNION (SELECT id FROM {0} WHERE _env = {1} AND _deleted_at IS NULL ORDER BY id LIMIT $2)",
                  sql_.name, this_environment),
      environment_, each);
  std::vector<std::string> ids;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) ids.emplace_back(*read_text(result, row, 0));
  return ids;
}

/// Reads blocks, not rows, so that it takes as long for a million rows as for a thousand.
std::vector<std::pair<std::string, Instant>> RowReader::sample_places(Transaction& transaction) const {
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

bool RowReader::is_empty(Transaction& transaction) const {
  return transaction.run(fmt::format("SELECT FROM {} WHERE _env = $1 LIMIT 1", sql_.name), environment_).empty();
}

long RowReader::count_live(Transaction& transaction, std::optional<long> most) const {
  const auto result = transaction.run(
      fmt::format("SELECT count(*) FROM (SELECT FROM {} WHERE _env = $1 AND _deleted_at IS NULL LIMIT $2) AS live",
                  sql_.name),
      environment_, most ? std::optional(std::to_string(*most)) : std::nullopt);
  return read_number(result, 0, 0);
}

}  // namespace mirror::db
