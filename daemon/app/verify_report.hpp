#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "support/exit_code.hpp"
#include "sync/difference.hpp"

namespace mirror::app {

/// What `authkit-mirror verify` found.
struct VerifyReport {
  std::vector<sync::TableComparison> tables;
  bool repair_asked = false;
  std::vector<sync::TableComparison> after_repair;  ///< of what had differed; empty if nothing had to be repaired
};

bool is_equal(const std::vector<sync::TableComparison>& tables);

/// Whether a repair left nothing: what is held or parked by now is not mended.
bool is_mended(const std::vector<sync::TableComparison>& after_repair);

/// Done if mirror and API are equal, or are so after a repair; else not_all_well.
ExitCode judge_report(const VerifyReport& report);

/// Counts per table, then up to `show` differences of each: kind, id and the keys that differ, never a value.
std::string comparison_text(const std::vector<sync::TableComparison>& tables, std::size_t show);

/// All of the report. Differences beyond `show` of a table are only counted.
std::string verify_json(const VerifyReport& report, std::size_t show);

}  // namespace mirror::app
