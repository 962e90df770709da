#include "db/snapshot_store.hpp"

#include <fmt/core.h>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

constexpr const char* record_columns =
    "id, state, reason, started_at, first_load, extract(epoch FROM clock_timestamp() - begun_at)::float8, "
    "scopes, pages, rows, inserted, changed, unchanged, stale, poisoned, candidates, deleted, held";

SnapshotRecord read_record(const Result& result) {
  const auto number = [&](int column) { return read_number(result, 0, column); };
  SnapshotRecord record;
  record.id = number(0);
  record.state = read_text(result, 0, 1).value_or("");
  record.reason = read_text(result, 0, 2).value_or("");
  record.started_at = parse_instant(read_text(result, 0, 3).value_or("")).value_or(Instant{});
  record.first_load = read_text(result, 0, 4) == "t";
  record.age_seconds = read_double(result, 0, 5).value_or(0);
  record.counts = {number(6),  number(7),  number(8),  number(9),  number(10), number(11),
                   number(12), number(13), number(14), number(15), number(16)};
  return record;
}

}  // namespace

SnapshotCounts& SnapshotCounts::operator+=(const SnapshotCounts& other) {
  scopes += other.scopes;
  pages += other.pages;
  rows += other.rows;
  inserted += other.inserted;
  changed += other.changed;
  unchanged += other.unchanged;
  stale += other.stale;
  poisoned += other.poisoned;
  candidates += other.candidates;
  deleted += other.deleted;
  held += other.held;
  return *this;
}

std::optional<SnapshotRecord> SnapshotStore::find_running(Transaction& transaction, std::string_view stream) const {
  const auto result = transaction.run(
      fmt::format("SELECT {} FROM {} WHERE _env = $1 AND stream = $2 AND state = 'running' ORDER BY id DESC LIMIT 1",
                  record_columns, transaction.connection().table("snapshots")),
      environment_, stream);
  if (result.empty()) return std::nullopt;
  return read_record(result);
}

bool SnapshotStore::has_finished(Transaction& transaction, std::string_view stream) const {
  return !transaction
              .run(fmt::format("SELECT FROM {} WHERE _env = $1 AND stream = $2 AND state <> 'running' LIMIT 1",
                               transaction.connection().table("snapshots")),
                   environment_, stream)
              .empty();
}

SnapshotRecord SnapshotStore::read(Transaction& transaction, std::int64_t id) const {
  return read_record(transaction.run(
      fmt::format("SELECT {} FROM {} WHERE id = $1", record_columns, transaction.connection().table("snapshots")), id));
}

std::int64_t SnapshotStore::open(Transaction& transaction, std::string_view stream, Instant started_at,
                                 bool first_load) const {
  const auto& connection = transaction.connection();
  const auto result = transaction.run(
      fmt::format(
          "INSERT INTO {} (_env, stream, started_at, first_load) VALUES ($1, $2, $3::timestamptz, $4) RETURNING id",
          connection.table("snapshots")),
      environment_, stream, mirror::to_string(started_at), first_load);
  transaction.run(fmt::format("INSERT INTO {} AS known (_env, stream, state, last_started_at) "
                              "VALUES ($1, $2, 'walking', clock_timestamp()) "
                              "ON CONFLICT (_env, stream) DO UPDATE SET state = 'walking', "
                              "last_started_at = clock_timestamp()",
                              connection.table("streams")),
                  environment_, stream);
  return read_number(result, 0, 0);
}

void SnapshotStore::add_counts(Transaction& transaction, std::int64_t id, const SnapshotCounts& counts) const {
  transaction.run(
      fmt::format("UPDATE {} SET scopes = scopes + $2, pages = pages + $3, rows = rows + $4, inserted = inserted + $5, "
                  "changed = changed + $6, unchanged = unchanged + $7, stale = stale + $8, poisoned = poisoned + $9, "
                  "candidates = candidates + $10, deleted = deleted + $11, held = held + $12 WHERE id = $1",
                  transaction.connection().table("snapshots")),
      id, counts.scopes, counts.pages, counts.rows, counts.inserted, counts.changed, counts.unchanged, counts.stale,
      counts.poisoned, counts.candidates, counts.deleted, counts.held);
}

void SnapshotStore::set_bounds(Transaction& transaction, std::int64_t id, std::string_view first_id,
                               std::string_view last_id) const {
  transaction.run(fmt::format("UPDATE {} SET first_id = NULLIF($2, ''), last_id = NULLIF($3, '') WHERE id = $1",
                              transaction.connection().table("snapshots")),
                  id, first_id, last_id);
}

void SnapshotStore::finish(Transaction& transaction, std::int64_t id, std::string_view stream, std::string_view state,
                           std::string_view reason, std::string_view next_step) const {
  const auto& connection = transaction.connection();
  transaction.run(fmt::format("UPDATE {} SET state = $2, reason = NULLIF($3, ''), finished_at = clock_timestamp() "
                              "WHERE id = $1",
                              connection.table("snapshots")),
                  id, state, reason);
  if (state != "certified") {
    note_error(transaction, stream, reason, next_step);
    return;
  }
  transaction.run(
      fmt::format("INSERT INTO {} (_env, stream, state, last_finished_at, last_certified_at, last_certified_id) "
                  "VALUES ($1, $2, 'idle', clock_timestamp(), clock_timestamp(), $3) "
                  "ON CONFLICT (_env, stream) DO UPDATE SET state = 'idle', last_finished_at = clock_timestamp(), "
                  "last_certified_at = clock_timestamp(), last_certified_id = $3, "
                  "error = NULL, error_since = NULL, next_step = NULL",
                  connection.table("streams")),
      environment_, stream, id);
}

void SnapshotStore::begin_history(Transaction& transaction, std::int64_t id, std::string_view stream,
                                  Instant since) const {
  const auto& connection = transaction.connection();
  transaction.run(
      fmt::format("UPDATE {} SET history_since = $3::timestamptz "
                  "WHERE _env = $1 AND stream = $2 AND history_since IS NULL AND NOT EXISTS ("
                  "SELECT FROM {} AS snapshot JOIN {} AS tail ON tail._env = $1 "
                  "WHERE snapshot.id = $4 AND snapshot.started_at < tail.unbroken_since)",
                  connection.table("streams"), connection.table("snapshots"), connection.table("event_tails")),
      environment_, stream, mirror::to_string(since), id);
}

void SnapshotStore::note_error(Transaction& transaction, std::string_view stream, std::string_view error,
                               std::string_view next_step) const {
  transaction.run(
      fmt::format(
          "INSERT INTO {} AS known (_env, stream, state, last_finished_at, error, error_since, next_step) "
          "VALUES ($1, $2, 'resting', clock_timestamp(), $3, clock_timestamp(), NULLIF($4, '')) "
          "ON CONFLICT (_env, stream) DO UPDATE SET state = 'resting', last_finished_at = clock_timestamp(), "
          "error = $3, error_since = COALESCE(known.error_since, clock_timestamp()), next_step = NULLIF($4, '')",
          transaction.connection().table("streams")),
      environment_, stream, error, next_step);
}

StreamRecord SnapshotStore::read_stream(Transaction& transaction, std::string_view stream) const {
  const auto result = transaction.run(
      fmt::format("SELECT extract(epoch FROM clock_timestamp() - last_started_at)::float8, "
                  "extract(epoch FROM clock_timestamp() - last_certified_at)::float8, last_certified_at, error "
                  "FROM {} WHERE _env = $1 AND stream = $2",
                  transaction.connection().table("streams")),
      environment_, stream);
  StreamRecord record;
  if (result.empty()) return record;
  record.seconds_since_start = read_double(result, 0, 0);
  record.seconds_since_certified = read_double(result, 0, 1);
  record.certified_at = parse_instant(read_text(result, 0, 2).value_or(""));
  record.error = read_text(result, 0, 3).value_or("");
  return record;
}

}  // namespace mirror::db
