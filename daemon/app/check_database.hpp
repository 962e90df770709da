#pragma once

#include <vector>

#include "app/check_report.hpp"
#include "db/database_options.hpp"

namespace mirror::app {

/// Reachable, version, privileges, encryption, pooler, schema. Never throws Error: a problem is a line.
std::vector<CheckLine> check_database(const db::DatabaseOptions& options);

}  // namespace mirror::app
