#include "app/verify_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "app/text_table.hpp"

namespace mirror::app {
namespace {

using nlohmann::json;
using sync::Difference;
using sync::DifferenceKind;
using sync::TableComparison;

constexpr std::array<DifferenceKind, sync::difference_kinds> kinds{
    DifferenceKind::missing,     DifferenceKind::extra,  DifferenceKind::different,
    DifferenceKind::undecodable, DifferenceKind::parked, DifferenceKind::held};

std::string count_text(std::int64_t count) {
  return grouped(static_cast<unsigned long long>(count));
}

std::string difference_line(const Difference& difference) {
  const std::string id = difference.object.id.empty() ? "(without id)" : difference.object.id;
  std::string line = fmt::format("  {:<11}  {}", to_string(difference.kind), id);
  if (!difference.members.empty()) line += fmt::format("  {}", fmt::join(difference.members, ", "));
  return line + "\n";
}

std::string detail_text(const TableComparison& table, std::size_t show) {
  std::string text;
  const std::size_t shown = std::min(show, table.differences.size());
  for (std::size_t i = 0; i < shown; ++i) text += difference_line(table.differences[i]);
  if (shown < table.differences.size()) text += fmt::format("  and {} more\n", table.differences.size() - shown);
  if (table.unchecked > 0) text += fmt::format("  {} more differ at first sight\n", table.unchecked);
  if (table.unannounced > 0) {
    text += fmt::format("  {} lack a change without an event, which the next sweep brings\n", table.unannounced);
  }
  if (table.changing > 0) text += fmt::format("  {} were changing all the time\n", table.changing);
  if (!table.problem.empty()) text += fmt::format("  not proven: {}\n", table.problem);
  return text.empty() ? text : fmt::format("\n{}\n{}", table.table->name, text);
}

json table_json(const TableComparison& table, std::size_t show) {
  json counts = json::object();
  for (const auto kind : kinds) counts[std::string(to_string(kind))] = table.count(kind);
  json differences = json::array();
  for (std::size_t i = 0; i < std::min(show, table.differences.size()); ++i) {
    const Difference& difference = table.differences[i];
    differences.push_back(
        {{"kind", to_string(difference.kind)}, {"id", difference.object.id}, {"keys", difference.members}});
  }
  return {{"table", table.table->name},   {"equal", table.is_equal()},
          {"compared", table.compared},   {"counts", counts},
          {"differences", differences},   {"changing", table.changing},
          {"unchecked", table.unchecked}, {"unannounced", table.unannounced},
          {"problem", table.problem}};
}

json tables_json(const std::vector<TableComparison>& tables, std::size_t show) {
  json list = json::array();
  for (const auto& table : tables) list.push_back(table_json(table, show));
  return list;
}

}  // namespace

bool is_equal(const std::vector<TableComparison>& tables) {
  return std::ranges::all_of(tables, &TableComparison::is_equal);
}

bool is_mended(const std::vector<TableComparison>& after_repair) {
  return std::ranges::all_of(
      after_repair, [](const TableComparison& table) { return table.is_equal() && table.differences.empty(); });
}

ExitCode judge_report(const VerifyReport& report) {
  if (is_equal(report.tables)) return ExitCode::done;
  return report.repair_asked && is_mended(report.after_repair) ? ExitCode::done : ExitCode::not_all_well;
}

std::string comparison_text(const std::vector<TableComparison>& tables, std::size_t show) {
  TextTable counts({"TABLE", "COMPARED", "MISSING", "EXTRA", "DIFFERENT", "UNDECODABLE", "PARKED", "HELD"});
  std::string details;
  for (const auto& table : tables) {
    TextTable::Row row{std::string(table.table->name), count_text(table.compared)};
    for (const auto kind : kinds) row.push_back(count_text(table.count(kind)));
    counts.add(std::move(row));
    details += detail_text(table, show);
  }
  return counts.text() + details;
}

std::string verify_json(const VerifyReport& report, std::size_t show) {
  json answer{{"equal", is_equal(report.tables)}, {"tables", tables_json(report.tables, show)}};
  if (report.repair_asked && !is_equal(report.tables)) {
    answer["repair"] = {{"mended", is_mended(report.after_repair)}, {"tables", tables_json(report.after_repair, show)}};
  }
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mirror::app
