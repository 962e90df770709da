#include "db/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "db/db_error.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::db {
namespace {

// Nothing of ours holds a row lock for long: who waits longer than this waits for a stuck session.
constexpr std::chrono::milliseconds longest_lock_wait{10'000};

/// One message, so that a transaction costs one round trip more than its statements, not six.
std::string begin_statement(const Connection& connection) {
  const auto& options = connection.options();
  const auto timeout = options.statement_timeout.count();
  const auto lock_timeout = timeout > 0 ? std::min(longest_lock_wait, options.statement_timeout) : longest_lock_wait;
  return fmt::format(
      "BEGIN ISOLATION LEVEL READ COMMITTED;"
      " SET LOCAL statement_timeout = {0}; SET LOCAL lock_timeout = {1};"
      " SET LOCAL idle_in_transaction_session_timeout = {0};"
      " SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'{2}{3}",
      timeout, lock_timeout.count(),
      // A plan that is kept would be one for the empty tables of the beginning.
      connection.raw().prepares_statements() ? "; SET LOCAL plan_cache_mode = force_custom_plan" : "",
      // What was answered to a webhook must not be lost.
      connection.commits_lazily() ? "; SET LOCAL synchronous_commit = on" : "");
}

}  // namespace

Transaction::Transaction(Connection& connection) : connection_(connection) {
  connection_.raw().send(begin_statement(connection_));
}

Transaction::~Transaction() {
  if (!open_ || !connection_.is_open()) return;
  try {
    connection_.raw().send("ROLLBACK");
  } catch (const std::exception& error) {
    log::debug("a transaction was not rolled back, its session ends: {}", error.what());
  }
}

Result Transaction::run_list(const std::string& sql, const std::vector<std::optional<std::string>>& arguments) {
  const std::vector<compat::Parameter> parameters(arguments.begin(), arguments.end());
  return translated([&] { return connection_.raw().run(sql, parameters); });
}

void Transaction::commit() {
  // COMMIT of a failed transaction succeeds, as a ROLLBACK.
  if (!connection_.raw().in_good_transaction()) {
    if (!connection_.is_open()) throw database_error("", "before COMMIT");
    throw Error(Fault::bug, "a transaction with a failed statement can't be committed");
  }
  end_with("COMMIT");
}

void Transaction::commit_with(const std::string& last_statement) {
  end_with(last_statement + "; COMMIT");
}

void Transaction::end_with(const std::string& statements) {
  connection_.raw().send(statements);
  open_ = false;
}

void Transaction::rethrow_translated() {
  rethrow_as_error();
}

}  // namespace mirror::db
