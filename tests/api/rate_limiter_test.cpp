#include "api/rate_limiter.hpp"

#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>
#include <vector>

#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/support/manual_clock.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using namespace std::chrono_literals;
using mirror::tests::ManualClock;

const std::stop_token never;

std::vector<Clock::TimePoint> grants(RateLimiter& limiter, int count) {
  std::vector<Clock::TimePoint> times;
  for (int i = 0; i < count; ++i) times.push_back(limiter.acquire(Lane::sweep, never));
  return times;
}

bool is_near(double value, double expected) {
  return std::abs(value - expected) < 0.1;
}

/// The most permissions within any second.
std::size_t most_in_a_second(const std::vector<Clock::TimePoint>& times) {
  std::size_t most = 0;
  std::size_t from = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    while (times[i] - times[from] >= 1s) ++from;
    most = std::max(most, i - from + 1);
  }
  return most;
}

}  // namespace

TEST_CASE("of the share nearly all is used, and it is exceeded in no second, but for one request of a small one") {
  for (const double share : {1.0, 7.5, 50.0, 100.0, 1000.0}) {
    INFO(share);
    ManualClock clock(ManualClock::Waits::are_skipped);
    RateLimiter limiter(clock, share);
    const auto begin = clock.now();
    const auto times = grants(limiter, static_cast<int>(share * 20));
    const double seconds = std::chrono::duration<double>(clock.now() - begin).count();
    CHECK(static_cast<double>(times.size()) / seconds >= share * 0.95);
    CHECK(static_cast<double>(most_in_a_second(times)) <= std::max(share, share * 0.97 + 2) + 1);
  }
}

TEST_CASE("a thread that wakes late does not lose its share") {
  ManualClock clock(ManualClock::Waits::are_skipped);
  RateLimiter limiter(clock, 50);
  const auto begin = clock.now();
  for (int i = 0; i < 500; ++i) {
    limiter.acquire(Lane::sweep, never);
    if (i % 2 == 0) clock.advance(30ms);  // more than one interval of 20 ms
  }
  CHECK(clock.now() - begin < 10s * 1.05);
}

TEST_CASE("a 429 halves the rate once for all requests in flight and it grows back") {
  ManualClock clock(ManualClock::Waits::are_skipped);
  RateLimiter limiter(clock, 40);
  const auto first = limiter.acquire(Lane::sweep, never);
  clock.advance(10ms);
  limiter.was_refused(first);
  limiter.was_refused(first);
  CHECK(is_near(limiter.current_rate(), 20));
  CHECK(limiter.refusals() == 2);

  clock.advance(1ms);
  const auto second = limiter.acquire(Lane::sweep, never);
  limiter.was_refused(second);
  CHECK(limiter.current_rate() < 11);

  const auto low = limiter.current_rate();
  clock.advance(5s);
  limiter.acquire(Lane::sweep, never);
  CHECK(is_near(limiter.current_rate(), low + 10));
  clock.advance(60s);
  limiter.acquire(Lane::sweep, never);
  CHECK(is_near(limiter.current_rate(), 40));
}

TEST_CASE("a rate that is halved again and again does not come to a stand") {
  ManualClock clock(ManualClock::Waits::are_skipped);
  RateLimiter limiter(clock, 64);
  for (int i = 0; i < 50; ++i) limiter.was_refused(limiter.acquire(Lane::sweep, never));
  CHECK(limiter.current_rate() >= 1);
}

TEST_CASE("a pause holds back every lane until it is over") {
  ManualClock clock(ManualClock::Waits::are_skipped);
  RateLimiter limiter(clock, 50);
  const auto begin = clock.now();
  limiter.pause_for(30s);
  limiter.pause_for(10s);  // a shorter one does not end the longer one
  CHECK(limiter.acquire(Lane::tail, never) - begin >= 30s);
  CHECK(limiter.waits() == 1);
}

TEST_CASE("a higher lane goes first however late it comes") {
  ManualClock clock;
  RateLimiter limiter(clock, 10);
  limiter.pause_for(1s);
  std::mutex mutex;
  std::vector<Lane> order;
  const auto ask = [&](Lane lane) {
    limiter.acquire(lane, never);
    const std::lock_guard lock(mutex);
    order.push_back(lane);
  };
  {
    std::jthread sweep(ask, Lane::sweep);
    clock.await_waiters(1);
    std::jthread confirm(ask, Lane::confirm);
    clock.await_waiters(2);
    std::jthread tail(ask, Lane::tail);
    clock.await_waiters(3);
    const std::jthread time([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        clock.advance(1ms);
        std::this_thread::yield();
      }
    });
    tail.join();
    confirm.join();
    sweep.join();
  }
  CHECK(order == std::vector{Lane::tail, Lane::confirm, Lane::sweep});
}

TEST_CASE("a stop wakes whoever waits, first in its lane or not") {
  ManualClock clock;
  RateLimiter limiter(clock, 1);
  limiter.pause_for(1h);
  std::stop_source stop;
  std::atomic<int> stopped = 0;
  {
    std::vector<std::jthread> waiting;
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back([&] {
        try {
          limiter.acquire(Lane::sweep, stop.get_token());
        } catch (const Error& error) {
          if (error.fault() == Fault::stopped) ++stopped;
        }
      });
    }
    clock.await_waiters(1);
    stop.request_stop();
  }
  CHECK(stopped == 4);
}

TEST_CASE("a share of zero or less is refused") {
  ManualClock clock;
  CHECK_THROWS_AS(RateLimiter(clock, 0), Error);
  CHECK_THROWS_AS(RateLimiter(clock, -3), Error);
}
