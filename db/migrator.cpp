#include "db/migrator.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>

#include "db/reader_grants.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"
#include "support/log.hpp"
#include "support/version.hpp"

namespace mirror::db {
namespace {

struct AppliedMigration {
  std::string name;
  std::string checksum;
};
using AppliedMigrations = std::map<int, AppliedMigration>;

/// A checkout on another system may have other line endings; that is no change.
std::string with_unix_line_ends(std::string_view sql) {
  std::string text{sql};
  std::erase(text, '\r');
  return text;
}

std::string checksum_of(const EmbeddedMigration& migration) {
  const std::string sql = with_unix_line_ends(migration.sql);
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(sql.data(), sql.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw Error(Fault::bug, "OpenSSL can't compute a SHA-256 checksum");
  }
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string with_schema(std::string_view sql, const std::string& schema) {
  constexpr std::string_view placeholder = "@schema@";
  std::string text;
  for (std::size_t at = 0;;) {
    const std::size_t found = sql.find(placeholder, at);
    text += sql.substr(at, found - at);
    if (found == std::string_view::npos) return text;
    text += schema;
    at = found + placeholder.size();
  }
}

bool schema_exists(Transaction& transaction) {
  return row_count(transaction.run("SELECT FROM pg_namespace WHERE nspname = $1",
                                   transaction.connection().options().schema)) > 0;
}

bool table_exists(Transaction& transaction, std::string_view name) {
  return !transaction.run("SELECT to_regclass($1)", transaction.connection().table(name))[0][0].is_null();
}

AppliedMigrations read_applied(Transaction& transaction) {
  AppliedMigrations applied;
  if (!table_exists(transaction, "schema_migrations")) return applied;
  const Result rows =
      transaction.run("SELECT number, name, checksum FROM " + transaction.connection().table("schema_migrations"));
  for (const auto& row : rows) {
    applied[row[0].as<int>()] = {row[1].as<std::string>(), row[2].as<std::string>()};
  }
  return applied;
}

std::vector<MigrationState> compare(const std::vector<EmbeddedMigration>& own, const AppliedMigrations& applied) {
  std::map<int, MigrationState> states;
  for (const auto& [number, migration] : applied) states[number] = {number, migration.name, "unknown"};
  for (const EmbeddedMigration& migration : own) {
    const auto found = applied.find(migration.number);
    const bool is_pending = found == applied.end();
    const bool is_same = !is_pending && found->second.checksum == checksum_of(migration);
    states[migration.number] = {migration.number, std::string{migration.name},
                                is_pending ? "pending" : (is_same ? "applied" : "changed")};
  }
  std::vector<MigrationState> list;
  for (auto& [number, state] : states) list.push_back(std::move(state));
  return list;
}

void refuse_foreign(const std::vector<MigrationState>& states, const std::string& schema) {
  for (const MigrationState& migration : states) {
    if (migration.state == "unknown") {
      throw Error(
          Fault::misconfigured,
          fmt::format(
              "the schema {} was made by a newer version: it holds migration {}, which version {} does not know",
              schema, migration.name, version()),
          "Install that version again; an older one would write rows that the newer schema does not expect.");
    }
    if (migration.state == "changed") {
      throw Error(Fault::misconfigured,
                  fmt::format("migration {} was applied to the schema {} with another content than this binary holds",
                              migration.name, schema),
                  "Restore the released binary: a migration is never edited after its release.");
    }
  }
}

/// The text of what migrate() does before the first migration.
std::string bookkeeping_sql(const Connection& connection) {
  return with_schema(R"sql(CREATE TABLE @schema@.schema_migrations (
  number     integer PRIMARY KEY,
  name       text NOT NULL,
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  version    text NOT NULL
);
COMMENT ON TABLE @schema@.schema_migrations IS 'Migrations that made this schema. An older authkit-mirror refuses a schema with one that it does not know.';
COMMENT ON COLUMN @schema@.schema_migrations.number IS 'Number; they apply in this order.';
COMMENT ON COLUMN @schema@.schema_migrations.name IS 'File name without its ending.';
COMMENT ON COLUMN @schema@.schema_migrations.checksum IS 'SHA-256 of the file, as hexadecimal digits.';
COMMENT ON COLUMN @schema@.schema_migrations.applied_at IS 'When it was applied (UTC).';
COMMENT ON COLUMN @schema@.schema_migrations.version IS 'Version of authkit-mirror that applied it.';
)sql",
                     connection.schema());
}

/// Whoever writes with an older version finds its lease gone and stops.
std::string take_leases_sql(const Connection& connection) {
  return fmt::format("UPDATE {} SET token = token + 1, holder = NULL, holder_pid = NULL", connection.table("lease"));
}

/// An administrator may own the schema without being allowed to create one, so nothing is created that exists.
void prepare_schema(Transaction& transaction) {
  if (!schema_exists(transaction)) transaction.run("CREATE SCHEMA " + transaction.connection().schema());
  if (!table_exists(transaction, "schema_migrations")) transaction.run(bookkeeping_sql(transaction.connection()));
}

void apply(Transaction& transaction, const EmbeddedMigration& migration) {
  try {
    transaction.run(with_schema(migration.sql, transaction.connection().schema()));
  } catch (const Error& error) {
    throw Error(error.fault(),
                fmt::format("migration {} failed, and nothing was changed: {}", migration.name, error.what()),
                error.next_step());
  }
  transaction.run("INSERT INTO " + transaction.connection().table("schema_migrations") +
                      " (number, name, checksum, version) VALUES ($1, $2, $3, $4)",
                  migration.number, migration.name, checksum_of(migration), version());
}

/// Held until the transaction ends, so that two starting daemons migrate one after the other.
void lock_schema(Transaction& transaction) {
  // Building an index on a large mirror takes its time; another migration is waited for, but not for ever.
  transaction.run("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5min'");
  transaction.run("SELECT pg_advisory_xact_lock(hashtextextended('authkit-mirror ' || $1, 0))",
                  transaction.connection().options().schema);
}

bool has_state(const std::vector<MigrationState>& states, int number, std::string_view state) {
  return std::any_of(states.begin(), states.end(),
                     [&](const MigrationState& each) { return each.number == number && each.state == state; });
}

}  // namespace

Migrator::Migrator(Connection& connection, const std::vector<EmbeddedMigration>& migrations)
    : connection_(connection), migrations_(migrations) {}

std::vector<std::string> Migrator::migrate() {
  Transaction transaction(connection_);
  lock_schema(transaction);
  const std::vector<MigrationState> states = compare(migrations_, read_applied(transaction));
  refuse_foreign(states, connection_.schema());

  std::vector<std::string> applied;
  for (const EmbeddedMigration& migration : migrations_) {
    if (!has_state(states, migration.number, "pending")) continue;
    if (applied.empty()) prepare_schema(transaction);
    apply(transaction, migration);
    applied.emplace_back(migration.name);
  }
  if (!applied.empty() && table_exists(transaction, "lease")) transaction.run(take_leases_sql(connection_));
  grant_reader(transaction);
  transaction.commit();
  for (const std::string& name : applied)
    log::info("migration {} applied to the schema {}", name, connection_.schema());
  return applied;
}

std::vector<MigrationState> Migrator::status() {
  Transaction transaction(connection_);
  return compare(migrations_, read_applied(transaction));
}

void Migrator::require_current() {
  const std::vector<MigrationState> states = status();
  refuse_foreign(states, connection_.schema());
  for (const MigrationState& migration : states) {
    if (migration.state != "pending") continue;
    throw Error(Fault::misconfigured,
                fmt::format("the schema {} lacks migration {}", connection_.schema(), migration.name),
                "Run `authkit-mirror migrate`, or `authkit-mirror migrate --print-sql` for an administrator.");
  }
}

std::string Migrator::pending_sql() {
  Transaction transaction(connection_);
  const std::vector<MigrationState> states = compare(migrations_, read_applied(transaction));
  refuse_foreign(states, connection_.schema());
  std::string script;
  for (const EmbeddedMigration& migration : migrations_) {
    if (!has_state(states, migration.number, "pending")) continue;
    script += fmt::format(
        "-- {}\n{}\nINSERT INTO {} (number, name, checksum, version) VALUES ({}, '{}', '{}', '{}');\n\n",
        migration.name, with_schema(migration.sql, connection_.schema()), connection_.table("schema_migrations"),
        migration.number, migration.name, checksum_of(migration), version());
  }
  if (script.empty()) return {};
  std::string preparation;
  if (!schema_exists(transaction)) preparation += fmt::format("CREATE SCHEMA {};\n", connection_.schema());
  if (!table_exists(transaction, "schema_migrations")) preparation += bookkeeping_sql(connection_);
  return fmt::format("BEGIN;\n\n{}\n{}{};\n\n{}\nCOMMIT;\n", preparation, script, take_leases_sql(connection_),
                     reader_grants_sql(connection_));
}

}  // namespace mirror::db
