#include "tests/bench/sync_round.hpp"

#include <fmt/format.h>

#include <utility>

namespace mirror::bench {

Subject whole_directory(const std::string& name) {
  return {.name = name,
          .streams = {"organizations", "users", "organization_memberships", "invitations"},
          .tables = {"organizations", "organization_domains", "users", "organization_memberships", "invitations"}};
}

SyncRound::SyncRound(Results& results, const BenchSource& source, Subject subject)
    : results_(results), source_(source), subject_(std::move(subject)), mirror_(source) {
  if (!subject_.prepared.empty()) mirror_.sync(subject_.prepared);
}

Cost SyncRound::sync(const std::string& what, const Targets& targets, double share) {
  mirror_.settle();
  const Cost cost = mirror_.sync(subject_.streams, share);
  const double rows = count();
  add(what, "rate", "rows/s", rows / cost.seconds, targets.rate);
  add_use(results_, fmt::format("{}, {}", subject_.name, what), cost, rows, "row", targets);
  add(what, "requests / fewest possible", "", cost.requests.all / mirror_.fewest_requests(subject_.streams), "");
  syncs_.push_back({what, cost.seconds, targets.copy});
  return cost;
}

void SyncRound::add(const std::string& what, const std::string& quantity, const std::string& unit, double value,
                    const std::string& target) {
  results_.add(fmt::format("{}, {}: {}", subject_.name, what, quantity), unit, value, target);
}

void SyncRound::change(double percent) {
  std::string wanted = R"("seed":)" + std::to_string(++changes_);
  for (const auto& stream : subject_.streams) {
    const auto some = static_cast<std::size_t>(static_cast<double>(mirror_.count(stream)) * percent / 100);
    wanted += fmt::format(R"(,"{}":{{"update":{},"event":false}})", stream, some);
  }
  source_.control("POST", "/_simulator/changes", "{" + wanted + "}");
}

void SyncRound::compare_with_raw_copy() {
  const double rows = count();
  double seconds = 0;
  for (const auto& table : subject_.tables) seconds += mirror_.seconds_of_raw_copy(table);
  results_.add(subject_.name + ", raw COPY: rate", "rows/s", rows / seconds);
  for (const Timed& sync : syncs_) add(sync.what, "rate / raw COPY's", "", seconds / sync.seconds, sync.target);
}

double SyncRound::count() {
  double rows = 0;
  for (const auto& table : subject_.tables) rows += static_cast<double>(mirror_.count(table));
  return rows;
}

}  // namespace mirror::bench
