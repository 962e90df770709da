#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/keep_alive.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

bool is_ready(int port) {
  try {
    KeepAlive connection(port);
    ask(connection, "GET", "/readyz");
    return true;
  } catch (const std::runtime_error&) {
    return false;  // it does not listen yet, or says that it is not ready
  }
}

}  // namespace

void measure_start(Results& results, int rounds) {
  const BenchSource source(1'000, 20, 1'000);
  BenchMirror mirror(source);
  mirror.sync({"organizations", "users", "organization_memberships", "invitations"});
  for (int round = 0; round < rounds; ++round) {
    const auto began = std::chrono::steady_clock::now();
    const auto daemon = mirror.start_daemon();
    const int port = daemon->port();
    while (!is_ready(port)) {
      if (std::chrono::steady_clock::now() - began > std::chrono::seconds{30}) {
        throw std::runtime_error("the daemon does not become ready");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - began;
    results.add("start to ready", "ms", time.count(), "< 100");
    daemon->end();
  }
}

}  // namespace mirror::bench
