#include "db/event_store.hpp"

#include <fmt/core.h>

#include <set>

#include "db/array_literal.hpp"
#include "db/copy_stream.hpp"
#include "db/environment_sql.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"
#include "support/version.hpp"

namespace mirror::db {
namespace {

MonthlyPartitions months() {
  return {"events", "events.archive"};
}

void ensure_partitions(Transaction& transaction, const std::vector<EventRecord>& events) {
  std::set<std::string> first_days;
  for (const auto& event : events) first_days.insert(to_string(event.created_at).substr(0, 7) + "-01");
  for (const auto& day : first_days) months().ensure(transaction, day);
}

std::vector<ArchivedEvent> read_events(const Result& result) {
  std::vector<ArchivedEvent> events;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    const auto text = [&](int column) { return std::string(read_text(result, row, column).value_or("")); };
    events.push_back({text(0), text(1), text(2), text(3), text(4), text(5), read_number(result, row, 6)});
  }
  return events;
}

constexpr const char* archived_columns = "id, created_at, type, object_id, raw, error, attempts";

}  // namespace

void EventStore::keep(Transaction& transaction, const std::vector<EventRecord>& events) const {
  if (events.empty()) return;
  ensure_partitions(transaction, events);
  merge(transaction, copy_news(transaction, events));
}

/// What is new and sound, which is nearly everything, is copied. Returns the rest. Between the look and the copy nobody
/// else writes (rule R11).
std::vector<EventRecord> EventStore::copy_news(Transaction& transaction, const std::vector<EventRecord>& events) const {
  const std::string table = transaction.connection().table("events");
  std::vector<std::string_view> ids;
  for (const auto& event : events) ids.push_back(event.id);
  const auto look = transaction.run(
      fmt::format("SELECT clock_timestamp(), kept.id IS NOT NULL "
                  "FROM unnest($2::text[]) WITH ORDINALITY AS wanted (id, position) LEFT JOIN LATERAL "
                  "(SELECT known.id FROM {} AS known WHERE _env = $1 AND known.id = wanted.id LIMIT 1) AS kept ON true "
                  "ORDER BY position",
                  table),
      environment_, array_literal(ids));
  const auto now = parse_instant(*read_text(look, 0, 0)).value();
  std::vector<EventRecord> rest;
  CopyStream copy(transaction, table,
                  {"_env", "id", "created_at", "type", "table_name", "object_id", "raw", "tail_at", "webhook_at"});
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& event = events[i];
    const bool is_known = read_text(look, static_cast<int>(i), 1) == "t";
    // Without an id it is known by a hash of its content, which the database makes.
    if (is_known || event.id.empty() || !event.error.empty()) {
      rest.push_back(event);
      continue;
    }
    copy.begin_row();
    copy.text(environment_);
    copy.text(event.id);
    copy.instant(event.created_at);
    copy.text(event.type);
    event.table.empty() ? copy.null() : copy.text(event.table);
    event.object_id.empty() ? copy.null() : copy.text(event.object_id);
    event.raw.empty() ? copy.null() : copy.json(event.raw);
    event.by_tail ? copy.instant(now) : copy.null();
    event.by_webhook ? copy.instant(now) : copy.null();
  }
  copy.finish();
  return rest;
}

void EventStore::merge(Transaction& transaction, const std::vector<EventRecord>& events) const {
  if (events.empty()) return;
  ArrayLiteral ids;
  ArrayLiteral instants;
  ArrayLiteral types;
  ArrayLiteral tables;
  ArrayLiteral objects;
  ArrayLiteral raws;
  ArrayLiteral errors;
  ArrayLiteral by_tail;
  ArrayLiteral by_webhook;
  const auto add = [](ArrayLiteral& array, std::string_view value) {
    value.empty() ? array.add_null() : array.add(value);
  };
  for (const auto& event : events) {
    add(ids, event.id);
    instants.add(to_string(event.created_at));
    types.add(event.type);
    add(tables, event.table);
    add(objects, event.object_id);
    add(raws, event.raw);
    add(errors, event.error);
    by_tail.add(event.by_tail ? "t" : "f");
    by_webhook.add(event.by_webhook ? "t" : "f");
  }
  forget_unreadable_times(transaction, ids.str(), instants.str());
  transaction.run(
      fmt::format(
          "INSERT INTO {} AS kept (_env, id, created_at, type, table_name, object_id, raw, error, tail_at, webhook_at, "
          "tried_version) "
          "SELECT $1, COALESCE(id, 'md5:' || md5(COALESCE(raw, at))), at::timestamptz, type, table_name, object_id, "
          "raw::jsonb, error, CASE WHEN by_tail::boolean THEN clock_timestamp() END, "
          "CASE WHEN by_webhook::boolean THEN clock_timestamp() END, CASE WHEN error IS NOT NULL THEN $11 END "
          "FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], "
          "$10::text[]) AS batch (id, at, type, table_name, object_id, raw, error, by_tail, by_webhook) "
          "ON CONFLICT (_env, id, created_at) DO UPDATE SET tail_at = COALESCE(kept.tail_at, EXCLUDED.tail_at), "
          "webhook_at = COALESCE(kept.webhook_at, EXCLUDED.webhook_at), error = EXCLUDED.error, "
          "table_name = EXCLUDED.table_name, object_id = EXCLUDED.object_id, "
          "attempts = kept.attempts + CASE WHEN EXCLUDED.error IS NULL THEN 0 ELSE 1 END, "
          "tried_version = EXCLUDED.tried_version "
          "WHERE (kept.tail_at IS NULL AND EXCLUDED.tail_at IS NOT NULL) "
          "OR (kept.webhook_at IS NULL AND EXCLUDED.webhook_at IS NOT NULL) "
          "OR kept.error IS NOT NULL OR EXCLUDED.error IS NOT NULL",
          transaction.connection().table("events")),
      environment_, ids.str(), instants.str(), types.str(), tables.str(), objects.str(), raws.str(), errors.str(),
      by_tail.str(), by_webhook.str(), version());
}

/// An event whose time can't be read stands under the time at which it came. When it comes again, or has become
/// readable, it stands under another one.
void EventStore::forget_unreadable_times(Transaction& transaction, const std::string& ids,
                                         const std::string& instants) const {
  transaction.run(fmt::format("DELETE FROM {} AS parked USING unnest($2::text[], $3::text[]) AS batch (id, at) "
                              "WHERE parked._env = $1 AND parked.error IS NOT NULL AND parked.id = batch.id "
                              "AND parked.created_at <> batch.at::timestamptz",
                              transaction.connection().table("events")),
                  environment_, ids, instants);
}

std::optional<std::string> EventStore::storage_error(Transaction& transaction, std::string_view raw) const {
  transaction.run("SAVEPOINT storable");
  try {
    transaction.run("SELECT $1::text::jsonb", raw);
    transaction.run("RELEASE SAVEPOINT storable");
    return std::nullopt;
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_data) throw;
    transaction.run("ROLLBACK TO SAVEPOINT storable");
    return error.what();
  }
}

std::vector<ArchivedEvent> EventStore::read_quarantined(Transaction& transaction, std::string_view after_id,
                                                        bool untried_only, int most) const {
  return read_events(
      transaction.run(fmt::format("SELECT {} FROM {} WHERE _env = $1 AND error IS NOT NULL AND id > $2 "
                                  "AND (NOT $3 OR tried_version IS DISTINCT FROM $4) ORDER BY id LIMIT $5",
                                  archived_columns, transaction.connection().table("events")),
                      environment_, after_id, untried_only, version(), most));
}

std::vector<ArchivedEvent> EventStore::read_since(Transaction& transaction, Instant since, std::string_view after_id,
                                                  int most) const {
  return read_events(
      transaction.run(fmt::format("SELECT {} FROM {} WHERE _env = $1 AND created_at >= $2::timestamptz AND id > $3 "
                                  "AND raw IS NOT NULL ORDER BY id LIMIT $4",
                                  archived_columns, transaction.connection().table("events")),
                      environment_, to_string(since), after_id, most));
}

void EventStore::note_attempt(Transaction& transaction, const ArchivedEvent& event) const {
  transaction.run(fmt::format("UPDATE {} SET attempts = attempts + 1, tried_version = $4 "
                              "WHERE _env = $1 AND id = $2 AND created_at = $3::timestamptz AND error IS NOT NULL",
                              transaction.connection().table("events")),
                  environment_, event.id, event.created_at, version());
}

long EventStore::count_quarantined(Transaction& transaction) const {
  return read_number(transaction.run(fmt::format("SELECT count(*) FROM {} WHERE _env = $1 AND error IS NOT NULL",
                                                 transaction.connection().table("events")),
                                     environment_),
                     0, 0);
}

void EventStore::prepare_partitions(Transaction& transaction) const {
  months().prepare(transaction);
}

std::vector<OldMonth> EventStore::months_older_than(Transaction& transaction, std::int64_t age_seconds) const {
  return months().older_than(transaction, age_seconds);
}

Forgetting EventStore::forget(Transaction& transaction, OldMonth& month, int most) const {
  if (!months().claim(transaction, month)) return Forgetting::kept;
  // The ends of two indexes, for the month may be large: all of it would take minutes to read.
  const auto is_needed = [&] {
    const auto found =
        transaction.run(fmt::format("SELECT (SELECT min(_env) FROM {0}) <> $1 OR (SELECT max(_env) FROM {0}) <> $1 "
                                    "OR (SELECT min(_env) FROM {0} WHERE error IS NOT NULL) IS NOT NULL",
                                    transaction.connection().table(month.name)),
                        environment_);
    return read_text(found, 0, 0) == "t";
  };
  const OwnRows own{fmt::format("_env = {} AND error IS NULL", this_environment), "id", "text"};
  return months().forget(transaction, month, environment_, is_needed, own, most);
}

}  // namespace mirror::db
