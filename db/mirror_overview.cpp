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

}  // namespace

MirrorOverview read_overview(Connection& connection, const std::string& environment) {
  MirrorOverview overview;
  {
    Transaction transaction(connection);
    overview.streams = read_streams(transaction, environment);
    overview.holds = HoldStore{environment}.read_open(transaction);
    overview.quarantine = read_quarantine(transaction, environment);
    overview.quarantined_events = EventStore{environment}.count_quarantined(transaction);
    overview.tail = TailStore{environment}.read(transaction);
    transaction.commit();
  }
  overview.lease = Lease::read(connection, environment);
  return overview;
}

}  // namespace mirror::db
