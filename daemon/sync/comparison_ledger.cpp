#include "sync/comparison_ledger.hpp"

#include <algorithm>
#include <tuple>

namespace mirror::sync {

TableComparison& ComparisonLedger::of(const TableSpec& table) {
  auto& comparison = tables_[&table];
  comparison.table = &table;
  return comparison;
}

void ComparisonLedger::add_compared(const TableSpec& table, std::int64_t objects) {
  const std::lock_guard lock(mutex_);
  of(table).compared += objects;
}

void ComparisonLedger::add_unannounced(const TableSpec& table) {
  const std::lock_guard lock(mutex_);
  ++of(table).unannounced;
}

void ComparisonLedger::add_problem(const TableSpec& table, const std::string& problem) {
  const std::lock_guard lock(mutex_);
  if (of(table).problem.empty()) of(table).problem = problem;
}

void ComparisonLedger::add_changing(const TableSpec& table) {
  const std::lock_guard lock(mutex_);
  ++of(table).changing;
}

void ComparisonLedger::suspect(Suspicion suspicion) {
  const std::lock_guard lock(mutex_);
  const TableSpec& table = *suspicion.object.table;
  auto& known = suspicions_[&table];
  if (known.size() >= most_suspicions_ && !known.contains(suspicion.object.id)) {
    ++of(table).unchecked;
    return;
  }
  const std::string id = suspicion.object.id;
  known.insert_or_assign(id, std::move(suspicion));
}

void ComparisonLedger::report(Difference difference) {
  const std::lock_guard lock(mutex_);
  of(*difference.object.table).differences.push_back(std::move(difference));
}

std::vector<Suspicion> ComparisonLedger::take_suspicions() {
  const std::lock_guard lock(mutex_);
  std::vector<Suspicion> taken;
  for (auto& [table, by_id] : suspicions_) {
    for (auto& [id, suspicion] : by_id) taken.push_back(std::move(suspicion));
  }
  suspicions_.clear();
  return taken;
}

std::vector<TableComparison> ComparisonLedger::results() const {
  const std::lock_guard lock(mutex_);
  std::vector<TableComparison> results;
  for (const auto& [table, comparison] : tables_) {
    results.push_back(comparison);
    std::ranges::sort(results.back().differences, [](const Difference& left, const Difference& right) {
      return std::tie(left.kind, left.object.id) < std::tie(right.kind, right.object.id);
    });
  }
  return results;
}

}  // namespace mirror::sync
