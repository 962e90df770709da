#include "db/database_facts.hpp"

#include "db/transaction.hpp"

namespace mirror::db {

DatabaseFacts read_database_facts(Connection& connection) {
  Transaction transaction(connection);
  const Result result = transaction.run(
      "SELECT current_setting('server_version'), current_database(), current_user,\n"
      "       coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true),\n"
      "       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),\n"
      "       n.oid IS NOT NULL,\n"
      "       CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')\n"
      "            ELSE has_schema_privilege(n.oid, 'CREATE') END,\n"
      "       pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean\n"
      "FROM (SELECT $1::text AS name) AS wanted\n"
      "LEFT JOIN pg_namespace AS n ON n.nspname = wanted.name",
      connection.options().schema);
  transaction.commit();
  const auto row = result[0];
  return {std::string{view(row[0])}, std::string{view(row[1])}, std::string{view(row[2])}, row[3].as<bool>(),
          row[4].as<bool>(),         row[5].as<bool>(),         row[6].as<bool>(),         row[7].as<bool>()};
}

}  // namespace mirror::db
