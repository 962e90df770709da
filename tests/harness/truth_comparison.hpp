#pragma once

#include <string>
#include <vector>

#include "model/table_spec.hpp"
#include "support/instant.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::harness {

/// Compares the live rows of `table` with `truth`, the objects as the API lists them (JSON), column by column, `_raw`
/// included; those of one environment, or all that are there. Written without the daemon's decoder, so that a mistake
/// there shows. Returns a line per difference (at most 20), naming the row and the column; empty means equal.
std::vector<std::string> differences(TestDatabase& database, const TableSpec& table,
                                     const std::vector<std::string>& truth, const std::string& schema = "workos",
                                     const std::string& environment = {});

/// The same of the rows that lived at `moment`, as history tells them. What has no versions or is never part of events
/// is passed over: it is known from when it was seen.
std::vector<std::string> differences_as_of(TestDatabase& database, const TableSpec& table,
                                           const std::vector<std::string>& truth, Instant moment,
                                           const std::string& environment);

}  // namespace mirror::harness
