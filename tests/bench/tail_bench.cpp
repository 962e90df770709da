#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <tuple>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/event_scenarios.hpp"
#include "tests/bench/keep_alive.hpp"
#include "tests/harness/wait_until.hpp"

namespace mirror::bench {
namespace {

/// 80 % updates of users; creations and deletions in between, as a directory has them.
constexpr const char* mix = R"({{"seed":{},"users":{{"update":16,"create":1,"delete":1}},)"
                            R"("organization_memberships":{{"update":2,"create":1}}}})";

constexpr double events_per_page = 100;

std::size_t events_of(KeepAlive& source) {
  return nlohmann::json::parse(ask(source, "GET", "/_simulator/counts")).at("events");
}

/// Returns how many events came of it.
std::size_t make_backlog(const BenchSource& directory, std::size_t wanted, std::size_t seed) {
  KeepAlive source(directory.port());
  const std::size_t before = events_of(source);
  for (std::size_t made = 0; made < wanted; made = events_of(source) - before) {
    ask(source, "POST", "/_simulator/changes", fmt::format(mix, ++seed));
  }
  return events_of(source) - before;
}

std::string caught_up_through(BenchMirror& mirror) {
  return mirror.database().value("SELECT coalesce(max(caught_up_through)::text, '') FROM workos.event_tails");
}

void await_catching_up(BenchMirror& mirror, const std::string& before) {
  const auto is_done = [&] { return caught_up_through(mirror) != before; };
  if (!harness::wait_until(is_done, std::chrono::minutes{10})) throw std::runtime_error("the tail does not catch up");
}

void measure_round(Results& results, const BenchSource& source, const EventSizes& sizes, std::size_t round) {
  BenchMirror mirror(source);
  mirror.sync({"organizations", "users", "organization_memberships", "invitations"});
  auto first = mirror.start_daemon();
  await_catching_up(mirror, "");
  first->end();
  const auto events = static_cast<double>(make_backlog(source, sizes.backlog, round * sizes.backlog));
  mirror.settle();

  const std::string before = caught_up_through(mirror);
  const auto known = mirror.database().count("SELECT count(*) FROM workos.events");
  const CostMeter meter(mirror);
  const auto daemon = mirror.start_daemon();
  await_catching_up(mirror, before);
  Cost cost = meter.read();
  std::tie(cost.cpu_seconds, cost.peak_mebibytes) = daemon->end();
  const auto applied = mirror.database().count("SELECT count(*) FROM workos.events") - known;
  if (static_cast<double>(applied) != events) {
    throw std::runtime_error(fmt::format("{} of {} events were archived", applied, events));
  }
  const double copy_seconds = mirror.seconds_of_raw_copy_of_events();
  results.add("tail, backlog: rate", "events/s", events / cost.seconds, ">= 10000");
  add_use(results, "tail, backlog", cost, events, "event");
  results.add("tail, backlog: requests / fewest possible", "", cost.requests.all / std::ceil(events / events_per_page));
  results.add("tail, backlog: rate / raw COPY's of archive and feed", "", copy_seconds / cost.seconds);
}

}  // namespace

void measure_tail(Results& results, const EventSizes& sizes) {
  const BenchSource source(sizes.users, sizes.users / 100, sizes.users);
  for (int round = 0; round < sizes.rounds; ++round) {
    measure_round(results, source, sizes, static_cast<std::size_t>(round));
  }
}

}  // namespace mirror::bench
