#include <fmt/format.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/event_scenarios.hpp"
#include "tests/bench/keep_alive.hpp"
#include "tests/bench/quantile.hpp"
#include "tests/harness/wait_until.hpp"

namespace mirror::bench {
namespace {

using Steady = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

/// Events become visible to readers so much later.
constexpr std::chrono::milliseconds visibility_delay{2'000};
/// Between two changes, on average.
constexpr std::chrono::milliseconds pause{100};

std::vector<std::string> ids_of_users(const BenchSource& source, std::size_t count) {
  KeepAlive connection(source.port());
  std::istringstream lines(ask(connection, "GET", fmt::format("/_simulator/truth/users?limit={}", count)));
  std::vector<std::string> ids;
  for (std::string line; std::getline(lines, line);) ids.push_back(nlohmann::json::parse(line).at("id"));
  return ids;
}

using Times = std::map<std::string, Steady::time_point>;

/// One user after another, at random moments.
Times change_users(const BenchSource& source, const std::vector<std::string>& ids) {
  KeepAlive connection(source.port());
  std::mt19937_64 random(1);
  std::uniform_int_distribution<long> wait{0, 2 * pause.count()};
  Times changed;
  for (const auto& id : ids) {
    std::this_thread::sleep_for(std::chrono::milliseconds{wait(random)});
    ask(connection, "POST", "/_simulator/changes",
        R"({"operations":[{"op":"update","table":"users","fields":{"first_name":"Ann"},"id":")" + id + "\"}]}");
    changed[id] = Steady::now();
  }
  return changed;
}

/// When each row was there for others to read.
Times watch_rows(harness::TestDatabase& database, std::size_t count) {
  Times seen;
  std::string last = "0";
  const auto have_all = [&] {
    for (const auto& row :
         database.rows("SELECT seq, id FROM workos.changes WHERE via = 'event' AND seq > " + last + " ORDER BY seq")) {
      last = row[0];
      seen.try_emplace(row[1], Steady::now());
    }
    return seen.size() >= count;
  };
  const auto limit = 3 * pause * count + std::chrono::minutes{1};
  if (!harness::wait_until(have_all, limit)) throw std::runtime_error("not every change arrived");
  return seen;
}

}  // namespace

void measure_change_to_row(Results& results, const EventSizes& sizes) {
  const BenchSource source(sizes.users, 0, 0, {"--visibility-delay-ms", std::to_string(visibility_delay.count())});
  BenchMirror mirror(source);
  mirror.sync({"organizations", "users", "organization_memberships", "invitations"});
  const auto ids = ids_of_users(source, sizes.changes);
  const auto daemon = mirror.start_daemon();
  const auto follows = [&] { return mirror.database().count("SELECT count(*) FROM workos.event_tails") > 0; };
  if (!harness::wait_until(follows)) throw std::runtime_error("the tail does not begin");

  Times seen;
  std::jthread watcher([&] { seen = watch_rows(mirror.database(), ids.size()); });
  const Times changed = change_users(source, ids);
  watcher.join();
  std::vector<double> delays;
  for (const auto& [id, at] : changed) delays.push_back(Milliseconds(seen.at(id) - at - visibility_delay).count());
  results.add("change to row, tail alone, beyond the visibility delay: median", "ms", quantile(delays, 0.5));
  results.add("change to row, tail alone, beyond the visibility delay: p99", "ms", quantile(delays, 0.99));
}

}  // namespace mirror::bench
