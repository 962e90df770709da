// When the tail polls: soon while something happens, seldom when idle, at growing delays after a webhook.

#include "sync/tail_schedule.hpp"

#include <atomic>
#include <future>
#include <thread>

#include "tests/catch.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using harness::wait_until;
using simulator::Kind;
using simulator::World;
using std::chrono::milliseconds;

/// A clock that is behind the host's: of a delay, only what is longer than that is really waited for.
class LateClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override {
    asked_ = true;
    return std::chrono::steady_clock::now() - behind_.load();
  }
  [[nodiscard]] Instant wall() const override { return {}; }
  bool wait_until(TimePoint, const std::stop_token&) override { throw std::logic_error("the schedule waits itself"); }

  void be_behind(milliseconds duration) { behind_ = duration; }
  [[nodiscard]] bool was_asked() const { return asked_; }

 private:
  std::atomic<milliseconds> behind_{milliseconds{0}};
  mutable std::atomic<bool> asked_{false};
};

struct ScheduleFixture {
  LateClock clock;
  sync::TailSchedule schedule{clock};
  sync::EventOptions options;

  /// How long the next poll is waited for once `duration` of the wait has passed.
  Clock::Duration left_after(milliseconds duration) {
    clock.be_behind(duration);
    const auto began = std::chrono::steady_clock::now();
    schedule.wait(options, {});
    return std::chrono::steady_clock::now() - began;
  }
  /// Whether the next poll comes after `delay`, give or take a quarter of the shortest one.
  bool polls_after(milliseconds delay) {
    constexpr milliseconds precision{25};
    const bool is_not_earlier = left_after(delay - precision) >= precision;
    // A busy machine may need longer for nothing, but not again and again.
    return is_not_earlier && wait_until([&] { return left_after(delay) < precision; });
  }
  void find_nothing(int times) {
    for (int i = 0; i < times; ++i) schedule.polled(std::nullopt);
  }
};

constexpr Instant told{1'768'478'400'000'000};
constexpr Instant earlier{told.microseconds - 1};

}  // namespace

TEST_CASE("the tail polls fast while something happens and slower when it is idle") {
  ScheduleFixture tail;
  CHECK(tail.polls_after(tail.options.poll_interval));
  tail.find_nothing(9);
  CHECK(tail.polls_after(tail.options.poll_interval));
  tail.find_nothing(1);
  CHECK(tail.polls_after(tail.options.idle_interval));
  tail.schedule.polled(told);
  CHECK(tail.polls_after(tail.options.poll_interval));
}

TEST_CASE("after a nudge polls come at growing delays until one brings the event") {
  ScheduleFixture tail;
  tail.find_nothing(20);
  tail.schedule.nudge(told);
  for (const int delay : {100, 200, 400, 800}) {
    CAPTURE(delay);
    CHECK(tail.polls_after(milliseconds{delay}));
    tail.find_nothing(1);
  }
  CHECK(tail.polls_after(tail.options.poll_interval));  // never slower than without a nudge
  // One before it has become visible, so it will soon be.
  tail.schedule.polled(earlier);
  CHECK(tail.polls_after(milliseconds{100}));
  tail.schedule.polled(told);
  CHECK(tail.polls_after(tail.options.poll_interval));
}

TEST_CASE("delays after a nudge grow on while no event is visible, and end if it never is") {
  ScheduleFixture tail;
  tail.options.poll_interval = std::chrono::hours{1};
  tail.schedule.nudge(told);
  tail.find_nothing(6);
  CHECK(tail.polls_after(milliseconds{6'400}));
  tail.find_nothing(1);
  CHECK(tail.polls_after(milliseconds{6'400}));
  tail.find_nothing(1);
  CHECK(tail.polls_after(tail.options.poll_interval));
  tail.schedule.nudge(earlier);
  CHECK(tail.polls_after(milliseconds{100}));
}

TEST_CASE("a second nudge leaves the polls that are under way as they are, and waits for the later event") {
  ScheduleFixture tail;
  tail.schedule.nudge(earlier);
  tail.find_nothing(2);
  tail.schedule.nudge(told);
  CHECK(tail.polls_after(milliseconds{400}));
  tail.schedule.polled(earlier);
  CHECK(tail.polls_after(milliseconds{100}));
}

TEST_CASE("a nudge ends a wait that is under way") {
  ScheduleFixture tail;
  tail.options.poll_interval = std::chrono::hours{1};
  std::stop_source stop;
  auto waiting = std::async(std::launch::async, [&] { tail.schedule.wait(tail.options, stop.get_token()); });
  // It asks under the lock that a nudge takes.
  REQUIRE(wait_until([&] { return tail.clock.was_asked(); }));
  tail.schedule.nudge(told);
  CHECK(waiting.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  stop.request_stop();
}

TEST_CASE("a webhook makes an idle tail poll until the event is visible to it, too") {
  TailFixture mirror;
  mirror.options.events.poll_interval = mirror.options.events.idle_interval = std::chrono::hours{1};
  mirror.workos.with([](World& world) { world.store.events().set_visibility_delay(std::chrono::seconds{10}); });
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto polls = [&] { return daemon.board().tail().polls; };
  const std::jthread tail([&](const std::stop_token& stop) { daemon.tail().run(stop); });
  REQUIRE(wait_until([&] { return polls() == 1; }));
  mirror.rename(mirror.any(Kind::users), "Told");
  CHECK(daemon.deliver(mirror.event_texts().back()) == sync::Delivery::applied);
  CHECK(wait_until([&] { return polls() >= 4; }));
  CHECK(mirror.cursor().empty());  // not visible yet
  mirror.advance(std::chrono::seconds{11});
  CHECK(wait_until([&] { return mirror.cursor() == mirror.newest_event_id(); }));
}

}  // namespace mirror::tests
