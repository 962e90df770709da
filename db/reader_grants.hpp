#pragma once

#include "db/transaction.hpp"

namespace mirror::db {

/// Lets the configured reader role read the mirrored tables, their views, the reports (as views and functions),
/// freshness and the state that is meant for people, and wait; never the quarantine, whose raw objects are not checked.
/// Creates the role if it is missing. What already holds is not touched. Where the daemon's user may not do so, one
/// warning shows the SQL for an administrator, and the transaction goes on unharmed. Does nothing without a configured
/// role.
void grant_reader(Transaction& transaction);

/// The same as SQL for an administrator; empty without a configured role.
std::string reader_grants_sql(const Connection& connection);

}  // namespace mirror::db
