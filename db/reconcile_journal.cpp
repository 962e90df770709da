#include "db/reconcile_journal.hpp"

#include <fmt/format.h>

#include "db/array_literal.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"

namespace mirror::db {
namespace {

std::optional<std::string> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

void add_or_null(ArrayLiteral& literal, const std::string& text) {
  text.empty() ? literal.add_null() : literal.add(text);
}

/// `id`, or null if it is of somebody who was erased after the plan was made.
std::string unless_erased(const Connection& connection, const char* id) {
  return fmt::format(
      "CASE WHEN decode(substr({0}({1}, $1), 8), 'hex') IN (SELECT hash FROM {2} WHERE _env = $1) "
      "THEN NULL ELSE {1} END",
      connection.table("erased_name"), id, connection.table("erased_ids"));
}

void require_one(const Result& rows, const char* what) {
  if (row_count(rows) != 1) throw Error(Fault::bug, fmt::format("the journal has no {} like that", what));
}

}  // namespace

std::string ReconcileJournal::state(Connection& connection) const {
  Transaction transaction(connection);
  const Result rows =
      transaction.run("SELECT state FROM " + connection.table("reconcile_plans") + " WHERE _env = $1 AND digest = $2",
                      environment_, digest_);
  return row_count(rows) == 0 ? "" : std::string(view(rows[0][0]));
}

void ReconcileJournal::begin(Connection& connection, const ReconcileLease& lease, const JournalPlan& plan,
                             const std::vector<JournalEntry>& entries) const {
  Transaction transaction(connection);
  lease.renew(transaction);
  const Result is_new =
      transaction.run("INSERT INTO " + connection.table("reconcile_plans") +
                          " (_env, digest, feed_seq, valid_until, applied_by, approved)"
                          " VALUES ($1, $2, $3, $4::timestamptz, $5, $6) ON CONFLICT DO NOTHING RETURNING digest",
                      environment_, digest_, plan.feed_seq, plan.valid_until, plan.applied_by, plan.approved);
  if (row_count(is_new) == 0) {
    transaction.run("UPDATE " + connection.table("reconcile_plans") +
                        " SET state = 'applying', ended_at = NULL WHERE _env = $1 AND digest = $2",
                    environment_, digest_);
    transaction.commit();
    return;
  }
  ArrayLiteral numbers;
  ArrayLiteral kinds;
  ArrayLiteral objects;
  ArrayLiteral organizations;
  ArrayLiteral keys;
  for (const JournalEntry& entry : entries) {
    numbers.add(std::to_string(entry.number));
    kinds.add(entry.kind);
    add_or_null(objects, entry.object_id);
    add_or_null(organizations, entry.organization_id);
    keys.add(entry.idempotency_key);
  }
  transaction.run("INSERT INTO " + connection.table("reconcile_actions") +
                      " (_env, digest, number, kind, object_id, organization_id, idempotency_key)"
                      " SELECT $1, $2, number, kind, " +
                      unless_erased(connection, "id") +
                      ", organization, key FROM unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])"
                      " AS planned (number, kind, id, organization, key)",
                  environment_, digest_, numbers.str(), kinds.str(), objects.str(), organizations.str(), keys.str());
  transaction.commit();
}

std::vector<JournalEntry> ReconcileJournal::read(Connection& connection) const {
  Transaction transaction(connection);
  const Result result = transaction.run(
      "SELECT number, kind, object_id, organization_id, state, idempotency_key, request_id, error,"
      " to_char(object_updated_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM " +
          connection.table("reconcile_actions") + " WHERE _env = $1 AND digest = $2 ORDER BY number",
      environment_, digest_);
  std::vector<JournalEntry> entries;
  for (const auto& row : result) {
    const auto text = [&](int column) { return std::string(view(row[column])); };
    entries.push_back({row[0].as<int>(), text(1), text(2), text(3), text(4), text(5), text(6), text(8), text(7)});
  }
  return entries;
}

void ReconcileJournal::start(Connection& connection, const ReconcileLease& lease, int number) const {
  Transaction transaction(connection);
  lease.renew(transaction);
  require_one(transaction.run("UPDATE " + connection.table("reconcile_actions") +
                                  " SET state = 'started', started_at = clock_timestamp(), ended_at = NULL"
                                  " WHERE _env = $1 AND digest = $2 AND number = $3 RETURNING number",
                              environment_, digest_, number),
              "action");
  transaction.commit();
}

void ReconcileJournal::finish(Connection& connection, const ReconcileLease& lease, const JournalEntry& entry) const {
  Transaction transaction(connection);
  lease.renew(transaction);
  require_one(transaction.run("UPDATE " + connection.table("reconcile_actions") +
                                  " SET state = $4, object_id = " + unless_erased(connection, "$5::text") +
                                  ", request_id = $6,"
                                  " object_updated_at = $7::timestamptz, error = $8, ended_at = clock_timestamp()"
                                  " WHERE _env = $1 AND digest = $2 AND number = $3 RETURNING number",
                              environment_, digest_, entry.number, entry.state, or_null(entry.object_id),
                              or_null(entry.request_id), or_null(entry.object_updated_at), or_null(entry.error)),
              "action");
  transaction.commit();
}

void ReconcileJournal::close(Connection& connection, const ReconcileLease& lease, const std::string& state) const {
  Transaction transaction(connection);
  lease.renew(transaction);
  require_one(transaction.run("UPDATE " + connection.table("reconcile_plans") +
                                  " SET state = $3, ended_at = clock_timestamp()"
                                  " WHERE _env = $1 AND digest = $2 RETURNING digest",
                              environment_, digest_, state),
              "plan");
  transaction.commit();
}

std::size_t count_unseen(Connection& connection, const std::string& environment, const std::vector<OwnWrite>& writes) {
  Transaction transaction(connection);
  transaction.run("SET TRANSACTION READ ONLY");
  std::size_t unseen = 0;
  for (const char* table : {"users", "organization_memberships", "invitations"}) {
    ArrayLiteral ids;
    ArrayLiteral versions;
    for (const OwnWrite& write : writes) {
      if (write.table != table) continue;
      ids.add(write.id);
      add_or_null(versions, write.updated_at);
    }
    if (ids.empty()) continue;
    const Result result = transaction.run(
        "SELECT count(*) FROM unnest($2::text[], $3::timestamptz[]) AS own (id, version) WHERE NOT EXISTS (SELECT "
        "FROM " +
            connection.table(table) +
            " AS seen WHERE seen._env = $1 AND seen.id = own.id"
            " AND (seen._deleted_at IS NOT NULL OR seen.updated_at >= own.version))",
        environment, ids.str(), versions.str());
    unseen += result[0][0].as<std::size_t>();
  }
  return unseen;
}

}  // namespace mirror::db
