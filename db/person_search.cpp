#include "db/person_search.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "db/array_literal.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "model/personal_columns.hpp"
#include "model/streams.hpp"

namespace mirror::db {
namespace {

/// What the database's clock may jump back by while an erasure is prepared.
constexpr const char* clock_doubt = "1 hour";

std::string alternatives(const std::vector<std::string>& ids) {
  std::string all;
  for (const auto& id : ids) {
    if (!all.empty()) all += '|';
    for (const char each : id) {
      const bool is_plain = std::isalnum(static_cast<unsigned char>(each)) != 0 || each == '_' || each == '-';
      if (!is_plain) all += '\\';
      all += each;
    }
  }
  return all;
}

void add_once(std::vector<std::string>& values, std::string value) {
  if (std::ranges::find(values, value) == values.end()) values.push_back(std::move(value));
}

std::vector<std::string> ids_of(const PersonTraces& traces) {
  auto ids = traces.objects;
  ids.push_back(traces.user);
  return ids;
}

}  // namespace

std::string id_pattern(const std::vector<std::string>& ids) {
  return "(?<![[:alnum:]_-])(?:" + alternatives(ids) + ")(?![[:alnum:]_-])";
}

std::string null_pattern(const std::vector<std::string>& ids) {
  return "\": \"(?:" + alternatives(ids) + ")\"";
}

std::string without_ids(std::string_view column, int first) {
  return fmt::format("regexp_replace(regexp_replace({}::text, ${}, '\": null', 'g'), ${}, 'erased', 'g')::jsonb",
                     column, first, first + 1);
}

PersonSearch::PersonSearch(Transaction& transaction, const std::string& environment)
    : transaction_(transaction), connection_(transaction.connection()), environment_(environment) {
  const auto columns =
      transaction_.run("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1",
                       connection_.options().schema);
  for (int row = 0; row < static_cast<int>(columns.size()); ++row) {
    columns_.emplace(*read_text(columns, row, 0), *read_text(columns, row, 1));
  }
}

PersonTraces PersonSearch::find(const std::string& user) {
  PersonTraces traces;
  traces.user = user;
  const auto now = transaction_.run(
      fmt::format("SELECT clock_timestamp() - interval '{}', COALESCE((SELECT feed_seq FROM {} WHERE _env = $1), 0)",
                  clock_doubt, connection_.table("lease")),
      environment_);
  traces.searched_at = *read_text(now, 0, 0);
  traces.searched_seq = read_number(now, 0, 1);
  find_addresses(traces);
  add_objects(traces);
  while (add_events(traces, "-infinity")) traces.events.clear();
  add_changes(traces, 0);
  return traces;
}

void PersonSearch::add_news(PersonTraces& traces) {
  add_objects(traces);
  add_events(traces, traces.searched_at);
  add_changes(traces, traces.searched_seq);
}

/// Those that rows, feed and archive know. One that another user has too would lead to that one's data.
void PersonSearch::find_addresses(PersonTraces& traces) {
  const auto users = connection_.table("users");
  const auto changes = connection_.table("changes");
  std::string late;
  if (exists("changes", "content")) {
    late = fmt::format("UNION SELECT content->>'email' FROM {} WHERE _env = $1 AND table_name = 'users' AND id = $2 ",
                       changes);
  }
  const auto rows = transaction_.run(
      fmt::format("SELECT address, EXISTS (SELECT FROM {0} WHERE _env = $1 AND id <> $2 AND lower(email) = address) "
                  "FROM (SELECT DISTINCT lower(email) AS address FROM ("
                  "SELECT email FROM {0} WHERE _env = $1 AND id = $2 "
                  "UNION SELECT email FROM {1} WHERE _env = $1 AND accepted_user_id = $2 "
                  "UNION SELECT before->>'email' FROM {2} WHERE _env = $1 AND table_name = 'users' AND id = $2 {4}"
                  "UNION SELECT raw#>>'{{data,email}}' FROM {3} WHERE _env = $1 AND object_id = $2"
                  ") AS told (email)) AS known WHERE address LIKE '%@%'",
                  users, connection_.table("invitations"), changes, connection_.table("events"), late),
      environment_, traces.user);
  for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
    if (read_text(rows, row, 1) == "t") {
      ++traces.shared_addresses;
    } else {
      traces.addresses.emplace_back(*read_text(rows, row, 0));
    }
  }
}

void PersonSearch::add_objects(PersonTraces& traces) {
  for (const auto* table : all_tables()) {
    const auto columns = personal_columns(*table);
    if (columns.owner.empty()) continue;
    const auto owner = quote_identifier(columns.owner);
    std::string of_person = owner + " = $2";
    if (!columns.address.empty()) {
      of_person +=
          fmt::format(" OR ({} IS NULL AND lower({}) = ANY ($3::text[]))", owner, quote_identifier(columns.address));
    }
    const auto rows = transaction_.run(
        fmt::format("SELECT id, $3::text FROM {} WHERE _env = $1 AND ({})", connection_.table(table->name), of_person),
        environment_, traces.user, array_literal(traces.addresses));
    for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
      add_once(traces.objects, std::string(*read_text(rows, row, 0)));
    }
  }
}

bool PersonSearch::add_events(PersonTraces& traces, const std::string& since) {
  const auto known = traces.objects.size();
  const auto rows = transaction_.run(
      fmt::format("SELECT event.id, event.created_at, CASE WHEN event.table_name IS NOT NULL AND $4 IN "
                  "(event.raw#>>'{{data,user_id}}', event.raw#>>'{{data,accepted_user_id}}') THEN event.object_id END "
                  "FROM {} AS event CROSS JOIN LATERAL (SELECT lower(event.raw::text) AS text OFFSET 0) AS told "
                  "WHERE event._env = $1 AND GREATEST(event.tail_at, event.webhook_at) >= $2::timestamptz "
                  "AND (event.object_id = ANY ($3::text[]) OR strpos(told.text, lower($4)) > 0 "
                  "OR EXISTS (SELECT FROM unnest($5::text[]) AS address "
                  "WHERE strpos(told.text, to_json(address)::text) > 0))",
                  connection_.table("events")),
      environment_, since, array_literal(ids_of(traces)), traces.user, array_literal(traces.addresses));
  for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
    traces.events.emplace_back(*read_text(rows, row, 0), *read_text(rows, row, 1));
    const auto object = read_text(rows, row, 2);
    if (object && *object != traces.user) add_once(traces.objects, std::string(*object));
  }
  return traces.objects.size() > known;
}

/// Changes of others that name the person; the person's own are found by their ids.
void PersonSearch::add_changes(PersonTraces& traces, std::int64_t after) {
  const std::string late = exists("changes", "content") ? " OR strpos(content::text, $3) > 0" : "";
  const auto rows = transaction_.run(
      fmt::format("SELECT seq FROM {} WHERE _env = $1 AND seq > $2 AND (strpos(before::text, $3) > 0{})",
                  connection_.table("changes"), late),
      environment_, after, traces.user);
  for (int row = 0; row < static_cast<int>(rows.size()); ++row) traces.changes.emplace_back(*read_text(rows, row, 0));
}

/// What tells of somebody else's object is about that one. The rest is about whom it names, but for its context, which
/// says who did it; if it names nobody, about whom its address belongs to.
std::string PersonSearch::is_about_person(std::string_view event, int first) const {
  return fmt::format(
      "({0}.object_id = ANY (${1}::text[]) OR ({0}.table_name IS NULL OR {0}.error IS NOT NULL) AND "
      "(({0}.raw - 'context')::text ~ ${2} OR COALESCE({0}.raw#>>'{{data,user_id}}', ${3}) = ${3} AND "
      "{0}.raw::text !~ ${2}))",
      event, first, first + 1, first + 2);
}

}  // namespace mirror::db
