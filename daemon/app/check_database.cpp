#include "app/check_database.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "db/database_facts.hpp"
#include "db/migrator.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

CheckLine connection_line(const db::DatabaseFacts& facts) {
  CheckLine line{"database",
                 CheckResult::ok,
                 fmt::format("PostgreSQL {}, database {}, user {}", facts.server_version, facts.database, facts.user),
                 "",
                 {}};
  if (!facts.is_read_only) return line;
  line.result = CheckResult::failed;
  line.code = ExitCode::away;
  line.detail += ", read-only";
  line.next_step = "point database.url at the primary server";
  return line;
}

CheckLine encryption_line(const db::DatabaseFacts& facts) {
  if (facts.is_encrypted) return {"database encryption", CheckResult::ok, "TLS", "", {}};
  if (facts.is_local) return {"database encryption", CheckResult::ok, "none needed, the connection is local", "", {}};
  return {"database encryption",
          CheckResult::warning,
          "the connection over the network is not encrypted",
          "add sslmode=verify-full and sslrootcert=/etc/ssl/certs/ca-certificates.crt to database.url",
          {}};
}

CheckLine privilege_line(const db::DatabaseFacts& facts, const std::string& schema) {
  if (facts.may_create) return {"database privileges", CheckResult::ok, "may create what the mirror needs", "", {}};
  const std::string on = facts.schema_exists ? "SCHEMA " + db::quote_identifier(schema)
                                             : "DATABASE " + db::quote_identifier(facts.database);
  return {"database privileges", CheckResult::failed,
          facts.user + " may not create in " + (facts.schema_exists ? "the schema" : "the database"),
          "run as its owner: GRANT CREATE ON " + on + " TO " + db::quote_identifier(facts.user), ExitCode::refused};
}

CheckLine pooler_line(const db::Connection& connection, const db::DatabaseOptions& options) {
  const bool forced = connection.is_pooled() && options.prepared == db::PreparedStatements::on;
  if (!forced) {
    return {"database pooler",
            CheckResult::ok,
            connection.is_pooled() ? "a transaction pooler stands between" : "none",
            "",
            {}};
  }
  return {"database pooler",
          CheckResult::warning,
          "prepared statements fail behind a transaction pooler",
          "set database.prepared = \"auto\"",
          {}};
}

CheckLine schema_line(db::Connection& connection) {
  const auto states = db::Migrator{connection}.status();
  const auto count = [&](const char* state) {
    return std::count_if(states.begin(), states.end(), [&](const auto& each) { return each.state == state; });
  };
  const std::string& schema = connection.options().schema;
  if (count("changed") + count("unknown") > 0) {
    return {"schema", CheckResult::failed, "the schema " + schema + " was not made by this version",
            "`authkit-mirror migrate --status` shows what differs; install the version that made it, or a newer one",
            ExitCode::misconfigured};
  }
  const auto pending = count("pending");
  if (pending == 0) return {"schema", CheckResult::ok, "the schema " + schema + " is up to date", "", {}};
  const bool by_itself = connection.options().migrate;
  return {"schema", by_itself ? CheckResult::warning : CheckResult::failed,
          fmt::format("{} migration{} of the schema {} {} pending", pending, pending == 1 ? "" : "s", schema,
                      pending == 1 ? "is" : "are"),
          by_itself ? "run, sync and migrate apply them"
                    : "`authkit-mirror migrate`, or apply `migrate --print-sql` by hand",
          ExitCode::misconfigured};
}

}  // namespace

std::vector<CheckLine> check_database(const db::DatabaseOptions& options) {
  std::vector<CheckLine> lines;
  try {
    db::Connection connection(options, "check");
    const db::DatabaseFacts facts = db::read_database_facts(connection);
    lines.push_back(connection_line(facts));
    lines.push_back(encryption_line(facts));
    lines.push_back(privilege_line(facts, options.schema));
    lines.push_back(pooler_line(connection, options));
    lines.push_back(schema_line(connection));
  } catch (const Error& error) {
    lines.push_back({lines.empty() ? "database" : "schema", CheckResult::failed, error.what(), error.next_step(),
                     exit_code(error.fault())});
  }
  return lines;
}

}  // namespace mirror::app
