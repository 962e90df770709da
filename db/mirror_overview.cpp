#include "db/mirror_overview.hpp"

#include "db/event_store.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

std::string text(const Field& field) {
  return std::string{view(field)};
}

std::int64_t number(const Field& field) {
  return read_optional<std::int64_t>(field).value_or(0);
}

std::optional<Instant> instant(const Field& field) {
  return field.is_null() ? std::nullopt : parse_instant(view(field));
}

/// Examples of what waits for a person: enough to see what it is about.
constexpr int most_examples = 20;

std::vector<StreamOverview> read_streams(Transaction& transaction, const std::string& environment) {
  const Connection& connection = transaction.connection();
  const Result result = transaction.run(
      "SELECT s.stream, s.state, to_char(s.last_certified_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),\n"
      "       extract(epoch FROM clock_timestamp() - s.last_certified_at)::double precision, s.error, s.next_step,\n"
      "       n.state, n.reason, n.rows, n.inserted, n.changed, n.unchanged, n.poisoned, n.deleted, n.held\n"
      "FROM " +
          connection.table("streams") +
          " AS s\n"
          "LEFT JOIN LATERAL (\n"
          "  SELECT * FROM " +
          connection.table("snapshots") +
          " AS each\n"
          "  WHERE each._env = s._env AND each.stream = s.stream\n"
          "  ORDER BY each.id DESC LIMIT 1\n"
          ") AS n ON true\n"
          "WHERE s._env = $1\n"
          "ORDER BY s.stream",
      environment);
  std::vector<StreamOverview> streams;
  for (const auto& row : result) {
    streams.push_back({text(row[0]), text(row[1]), text(row[2]), read_optional<double>(row[3]), text(row[4]),
                       text(row[5]), text(row[6]), text(row[7]), number(row[8]), number(row[9]), number(row[10]),
                       number(row[11]), number(row[12]), number(row[13]), number(row[14])});
  }
  return streams;
}

std::map<std::string, std::int64_t> read_quarantine(Transaction& transaction, const std::string& environment) {
  const Result result = transaction.run(
      "SELECT table_name, count(*)\n"
      "FROM " +
          transaction.connection().table("quarantine") +
          "\n"
          "WHERE _env = $1\n"
          "GROUP BY table_name",
      environment);
  std::map<std::string, std::int64_t> counts;
  for (const auto& row : result) counts.emplace(text(row[0]), number(row[1]));
  return counts;
}

std::vector<SnapshotOverview> read_snapshots(Transaction& transaction, const std::string& environment) {
  const Connection& connection = transaction.connection();
  const Result result = transaction.run(
      "SELECT n.id, n.stream, n.state, n.reason, n.begun_at, n.finished_at, n.first_id, n.last_id, n.scopes, n.pages,\n"
      "       n.rows, n.inserted, n.changed, n.unchanged, n.stale, n.poisoned, n.candidates, n.deleted, n.held\n"
      "FROM " +
          connection.table("streams") +
          " AS s\n"
          "CROSS JOIN LATERAL (\n"
          "  (SELECT * FROM " +
          connection.table("snapshots") +
          " AS each\n"
          "   WHERE each._env = s._env AND each.stream = s.stream\n"
          "   ORDER BY each.id DESC LIMIT 3)\n"
          "  UNION\n"
          "  SELECT * FROM " +
          connection.table("snapshots") +
          " AS last WHERE last.id = s.last_certified_id\n"
          ") AS n\n"
          "WHERE s._env = $1\n"
          "ORDER BY n.id DESC",
      environment);
  std::vector<SnapshotOverview> snapshots;
  for (const auto& row : result) {
    const SnapshotCounts counts{number(row[8]),  number(row[9]),  number(row[10]), number(row[11]),
                                number(row[12]), number(row[13]), number(row[14]), number(row[15]),
                                number(row[16]), number(row[17]), number(row[18])};
    snapshots.push_back({number(row[0]), text(row[1]), text(row[2]), text(row[3]), instant(row[4]), instant(row[5]),
                         counts, text(row[6]), text(row[7])});
  }
  return snapshots;
}

std::map<int, std::vector<std::string>> read_held_ids(Transaction& transaction, const std::vector<HoldRecord>& holds) {
  std::map<int, std::vector<std::string>> ids;
  for (const HoldRecord& hold : holds) {
    const Result result =
        transaction.run("SELECT id FROM " + transaction.connection().table("hold_items") +
                            " WHERE hold_id = $1 AND outcome IS NULL ORDER BY table_name, id LIMIT $2",
                        hold.id, most_examples);
    for (const auto& row : result) ids[hold.id].push_back(text(row[0]));
  }
  return ids;
}

std::vector<ParkedOverview> read_parked(Transaction& transaction, const std::string& environment) {
  const Result result = transaction.run(
      "(SELECT table_name, id, error, first_seen_at AS since\n"
      " FROM " +
          transaction.connection().table("quarantine") +
          "\n"
          " WHERE _env = $1 ORDER BY last_seen_at DESC LIMIT $2)\n"
          "UNION ALL\n"
          "(SELECT 'events', id, error, created_at\n"
          " FROM " +
          transaction.connection().table("events") +
          "\n"
          " WHERE _env = $1 AND error IS NOT NULL ORDER BY created_at DESC LIMIT $2)\n"
          "ORDER BY since DESC",
      environment, most_examples);
  std::vector<ParkedOverview> parked;
  for (const auto& row : result) parked.push_back({text(row[0]), text(row[1]), text(row[2]), instant(row[3])});
  return parked;
}

}  // namespace

MirrorOverview read_overview(Connection& connection, const std::string& environment) {
  MirrorOverview overview;
  {
    Transaction transaction(connection);
    overview.streams = read_streams(transaction, environment);
    overview.snapshots = read_snapshots(transaction, environment);
    overview.holds = HoldStore{environment}.read_open(transaction);
    overview.held_ids = read_held_ids(transaction, overview.holds);
    overview.quarantine = read_quarantine(transaction, environment);
    overview.quarantined_events = EventStore{environment}.count_quarantined(transaction);
    if (!overview.quarantine.empty() || overview.quarantined_events > 0) {
      overview.parked = read_parked(transaction, environment);
    }
    overview.drift = DriftStore{environment}.totals(transaction);
    overview.tail = TailStore{environment}.read(transaction);
    transaction.commit();
  }
  overview.lease = Lease::read(connection, environment);
  return overview;
}

}  // namespace mirror::db
