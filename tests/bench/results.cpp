#include "tests/bench/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/text_table.hpp"

namespace mirror::bench {
namespace {

std::string number(double value) {
  return value >= 1'000 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

}  // namespace

double Metric::median() const {
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  const auto middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

void Results::add(const std::string& name, const std::string& unit, double value, const std::string& target) {
  auto metric = std::ranges::find_if(metrics_, [&](const Metric& each) { return each.name == name; });
  if (metric == metrics_.end()) metric = metrics_.insert(metrics_.end(), Metric{name, unit, target});
  metric->values.push_back(value);
}

std::string Results::table() const {
  app::TextTable table({"MEASURED", "MEDIAN", "UNIT", "TARGET", "ROUNDS"});
  for (const Metric& metric : metrics_) {
    std::vector<std::string> rounds;
    for (const double value : metric.values) rounds.push_back(number(value));
    table.add(
        {metric.name, number(metric.median()), metric.unit, metric.target, fmt::format("{}", fmt::join(rounds, " "))});
  }
  return table.text();
}

std::string Results::json() const {
  nlohmann::json all = nlohmann::json::array();
  for (const Metric& metric : metrics_) {
    all.push_back({{"name", metric.name},
                   {"unit", metric.unit},
                   {"target", metric.target},
                   {"median", metric.median()},
                   {"rounds", metric.values}});
  }
  return all.dump(2) + "\n";
}

}  // namespace mirror::bench
