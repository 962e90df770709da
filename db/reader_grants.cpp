#include "db/reader_grants.hpp"

#include <fmt/format.h>

#include <vector>

#include "db/report.hpp"
#include "model/streams.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::db {
namespace {

/// What a reader may see. A table that a later migration adds is not among them until somebody decides so.
std::vector<std::string> readable_relations() {
  std::vector<std::string> names;
  for (const TableSpec* table : all_tables()) {
    names.emplace_back(table->name);
    names.push_back(fmt::format("{}_live", table->name));
  }
  for (const char* state :
       {"streams", "snapshots", "holds", "hold_items", "changes", "lease", "schema_migrations", "events", "event_tails",
        "drift", "doubts", "history_tables", "consumers", "consumer_lag", "freshness"}) {
    names.emplace_back(state);
  }
  for (const Report& report : reports()) {
    if (report.days != Report::Days::argument) names.emplace_back(report.name);
  }
  return names;
}

/// What a reader may call. Everybody may call a new function, unless the database's default privileges say otherwise.
std::vector<std::string> callable_functions() {
  std::vector<std::string> names{"staleness",     "assert_fresh",        "wait_for_event",  "changes_channel",
                                 "changes_after", "environment_or_only", "require_history", "parents_death",
                                 "versions",      "columns_of",          "rows_as_of",      "history"};
  for (const TableSpec* table : all_tables()) names.push_back(fmt::format("{}_as_of", table->name));
  for (const Report& report : reports()) {
    if (report.days == Report::Days::argument) names.emplace_back(report.name);
  }
  return names;
}

std::string literals(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", name);
  return list;
}

bool role_exists(Transaction& transaction, const std::string& role) {
  return row_count(transaction.run("SELECT FROM pg_roles WHERE rolname = $1", role)) > 0;
}

bool may_use_schema(Transaction& transaction, const std::string& role, const std::string& schema) {
  return transaction.run("SELECT has_schema_privilege($1, $2, 'USAGE')", role, schema)[0][0].as<bool>();
}

/// Those that the role may not read yet, quoted.
std::vector<std::string> unreadable_relations(Transaction& transaction, const std::string& role) {
  const Connection& connection = transaction.connection();
  const Result rows = transaction.run(
      "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
      " WHERE nspname = $1 AND relname IN (" +
          literals(readable_relations()) + ") AND NOT has_table_privilege($2, pg_class.oid, 'SELECT')",
      connection.options().schema, role);
  std::vector<std::string> relations;
  for (const auto& row : rows) relations.push_back(connection.table(view(row[0])));
  return relations;
}

/// Those that the role may not call yet, quoted.
std::vector<std::string> uncallable_functions(Transaction& transaction, const std::string& role) {
  const Connection& connection = transaction.connection();
  const Result rows = transaction.run(
      "SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace"
      " WHERE nspname = $1 AND proname IN (" +
          literals(callable_functions()) + ") AND NOT has_function_privilege($2, pg_proc.oid, 'EXECUTE')",
      connection.options().schema, role);
  std::vector<std::string> functions;
  for (const auto& row : rows) functions.push_back(connection.table(view(row[0])));
  return functions;
}

/// Roles belong to the whole cluster: the migration of another database may create the same one at this moment.
std::string create_role_sql(const std::string& quoted_role) {
  return fmt::format(
      "DO $create_role$ BEGIN CREATE ROLE {} NOLOGIN;"
      " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $create_role$",
      quoted_role);
}

std::string grant_usage_sql(const Connection& connection, const std::string& quoted_role) {
  return fmt::format("GRANT USAGE ON SCHEMA {} TO {}", connection.schema(), quoted_role);
}

std::string grant_select_sql(const std::string& relation, const std::string& quoted_role) {
  return fmt::format("GRANT SELECT ON {} TO {}", relation, quoted_role);
}

std::string grant_execute_sql(const std::string& function, const std::string& quoted_role) {
  return fmt::format("GRANT EXECUTE ON FUNCTION {} TO {}", function, quoted_role);
}

std::string quoted_list(const Connection& connection, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + connection.table(name);
  return list;
}

void grant_what_is_missing(Transaction& transaction) {
  const Connection& connection = transaction.connection();
  const std::string& role = connection.options().reader_role;
  const std::string quoted_role = quote_identifier(role);
  if (!role_exists(transaction, role)) transaction.run(create_role_sql(quoted_role));
  if (!may_use_schema(transaction, role, connection.options().schema)) {
    transaction.run(grant_usage_sql(connection, quoted_role));
  }
  for (const std::string& relation : unreadable_relations(transaction, role)) {
    transaction.run(grant_select_sql(relation, quoted_role));
  }
  for (const std::string& function : uncallable_functions(transaction, role)) {
    transaction.run(grant_execute_sql(function, quoted_role));
  }
}

}  // namespace

void grant_reader(Transaction& transaction) {
  const std::string& role = transaction.connection().options().reader_role;
  if (role.empty()) return;
  transaction.run("SAVEPOINT reader_grants");
  try {
    grant_what_is_missing(transaction);
    transaction.run("RELEASE SAVEPOINT reader_grants");
  } catch (const Error& error) {
    if (error.fault() != Fault::refused) throw;
    transaction.run("ROLLBACK TO SAVEPOINT reader_grants");
    log::warn("the role {} can't be given read access to the mirror: {}. An administrator may run:\n{}", role,
              error.what(), reader_grants_sql(transaction.connection()));
  }
}

std::string reader_grants_sql(const Connection& connection) {
  if (connection.options().reader_role.empty()) return {};
  const std::string quoted_role = quote_identifier(connection.options().reader_role);
  return fmt::format("{};\n{};\n{};\n{};", create_role_sql(quoted_role), grant_usage_sql(connection, quoted_role),
                     grant_select_sql(quoted_list(connection, readable_relations()), quoted_role),
                     grant_execute_sql(quoted_list(connection, callable_functions()), quoted_role));
}

}  // namespace mirror::db
