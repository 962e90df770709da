#pragma once

#include <string>
#include <vector>

#include "support/exit_code.hpp"

namespace mirror::app {

enum class CheckResult { ok, warning, failed };

/// One line of `authkit-mirror check`.
struct CheckLine {
  std::string subject;  ///< "database", "stream users", ...
  CheckResult result = CheckResult::ok;
  std::string detail;
  std::string next_step;           ///< what to do; empty if ok
  ExitCode code = ExitCode::done;  ///< of a failed one
};

/// The exit code of the first failed line; done if none failed, also with warnings.
ExitCode judge_checks(const std::vector<CheckLine>& lines);
std::string checks_table(const std::vector<CheckLine>& lines);
std::string checks_json(const std::vector<CheckLine>& lines);

}  // namespace mirror::app
