#include "app/check_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mirror::app {
namespace {

const char* word(CheckResult result) {
  switch (result) {
    case CheckResult::ok:
      return "ok";
    case CheckResult::warning:
      return "warning";
    case CheckResult::failed:
      return "failed";
  }
  return "failed";
}

}  // namespace

ExitCode judge_checks(const std::vector<CheckLine>& lines) {
  const auto failed = std::find_if(lines.begin(), lines.end(),
                                   [](const CheckLine& line) { return line.result == CheckResult::failed; });
  return failed == lines.end() ? ExitCode::done : failed->code;
}

std::string checks_table(const std::vector<CheckLine>& lines) {
  std::size_t width = 0;
  for (const CheckLine& line : lines) width = std::max(width, line.subject.size());
  std::string text;
  for (const CheckLine& line : lines) {
    text += fmt::format("{:<7}  {:<{}}  {}\n", word(line.result), line.subject, width, line.detail);
    if (!line.next_step.empty()) text += fmt::format("{:<7}  {:<{}}  next: {}\n", "", "", width, line.next_step);
  }
  return text;
}

std::string checks_json(const std::vector<CheckLine>& lines) {
  using nlohmann::json;
  json list = json::array();
  for (const CheckLine& line : lines) {
    list.push_back({{"subject", line.subject},
                    {"result", word(line.result)},
                    {"detail", line.detail},
                    {"next_step", line.next_step}});
  }
  const json answer{{"ok", judge_checks(lines) == ExitCode::done}, {"checks", list}};
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mirror::app
