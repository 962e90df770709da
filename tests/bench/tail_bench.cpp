#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/event_scenarios.hpp"
#include "tests/bench/keep_alive.hpp"
#include "tests/harness/wait_until.hpp"

namespace mirror::bench {
namespace {

/// 80 % updates of users; creations and deletions in between, as a directory has them.
constexpr const char* mix = R"({{"seed":{},"users":{{"update":16,"create":1,"delete":1}},)"
                            R"("organization_memberships":{{"update":2,"create":1}}}})";

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

/// What the events left behind, copied as it is: the archive and the change feed.
double seconds_of_copies(BenchMirror& mirror) {
  double seconds = 0;
  for (const auto& row :
       mirror.database().rows("SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
                              "WHERE inhparent IN ('workos.events'::regclass, 'workos.changes'::regclass)")) {
    seconds += mirror.seconds_of_raw_copy(row[0]);
  }
  return seconds;
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
  const auto began = std::chrono::steady_clock::now();
  const auto daemon = mirror.start_daemon();
  await_catching_up(mirror, before);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - began;
  const auto [cpu_seconds, peak] = daemon->end();
  const auto applied = mirror.database().count("SELECT count(*) FROM workos.events") - known;
  if (static_cast<double>(applied) != events) {
    throw std::runtime_error(fmt::format("{} of {} events were archived", applied, events));
  }
  const double copy_seconds = seconds_of_copies(mirror);
  results.add("tail, backlog: rate", "events/s", events / time.count(), ">= 10000");
  results.add("tail, backlog: CPU of the daemon", "us/event", cpu_seconds * 1e6 / events);
  results.add("tail, backlog: peak memory of the daemon", "MiB", peak, "< 48");
  results.add("tail, backlog: rate / raw COPY's of archive and feed", "", copy_seconds / time.count());
}

}  // namespace

void measure_tail(Results& results, const EventSizes& sizes) {
  const BenchSource source(sizes.users, sizes.users / 100, sizes.users);
  for (int round = 0; round < sizes.rounds; ++round) {
    measure_round(results, source, sizes, static_cast<std::size_t>(round));
  }
}

}  // namespace mirror::bench
