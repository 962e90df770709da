// While events are followed, the lists of organizations' memberships are verified in rotation: within a share of the
// interval all of them, evenly, those about which events told something first.

#include <algorithm>
#include <thread>

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/direct_transport.hpp"
#include "tests/harness/skipping_clock.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SkippingClock;
using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t organization_count = 6;

/// The memberships' loop over six organizations, by a clock that skips what the sweep waits for.
class Rotation : public TailFixture {
 public:
  struct Reading {
    std::string organization;
    Clock::Duration after;  ///< the sweep's begin
  };

  explicit Rotation(hours interval = hours{1})
      : TailFixture({.directory = {.organizations = organization_count, .users = 30, .memberships = 40}}) {
    options.parallel = 1;
    options.streams["organization_memberships"] = {.sweep_interval = interval, .sweep_jitter = 0};
    const auto transport = std::make_shared<harness::DirectTransport>(
        workos, 100, [this](const api::HttpRequest& request, const api::HttpResponse&) { note(request.target); });
    daemon_ = std::make_unique<SteppedMirror>(
        database.options(), options, std::make_shared<api::ApiClient>(api_options, transport, api_clock_), clock);
    daemon_->sweep_all();
    database.execute("UPDATE workos.streams SET last_started_at = last_started_at - interval '100 hours'");
  }

  /// The lists of the next sweep, as the daemon's thread makes it when it is due.
  std::vector<Reading> sweep_when_due(bool is_asked_for = false) {
    readings_.clear();
    sync::StreamLoop loop(daemon_->session(), organization_memberships(), nullptr);
    if (is_asked_for) loop.request();
    const auto began = clock.now();
    {
      const std::jthread thread([&](const std::stop_token& stop) { loop.run(stop); });
      REQUIRE(harness::wait_until([&] { return loop.result_of(1).has_value(); }));
    }
    REQUIRE(loop.result_of(1)->is_certified());
    for (auto& reading : readings_) reading.after -= began.time_since_epoch();
    REQUIRE(readings_.size() == organization_count);
    return readings_;
  }
  SteppedMirror& daemon() { return *daemon_; }

  SkippingClock clock;

 private:
  void note(const std::string& target) {
    const std::string mark = "organization_id=";
    const auto at = target.find(mark);
    if (at == std::string::npos || target.find("order=desc") != std::string::npos) return;
    const auto begin = at + mark.size();
    readings_.push_back({target.substr(begin, target.find('&', begin) - begin), clock.now().time_since_epoch()});
  }

  SystemClock api_clock_;
  std::vector<Reading> readings_;
  std::unique_ptr<SteppedMirror> daemon_;
};

/// The host's own time goes on beside what is skipped.
constexpr minutes of_the_host{1};

}  // namespace

TEST_CASE("while events are followed each organization is verified once in four fifths of the interval, evenly") {
  Rotation mirror(hours{1});
  mirror.daemon().catch_up();
  const auto readings = mirror.sweep_when_due();
  for (std::size_t i = 0; i < organization_count; ++i) {
    CAPTURE(i);
    CHECK(readings[i].after >= minutes{8} * i);
    CHECK(readings[i].after < minutes{8} * i + of_the_host);
  }
}

TEST_CASE("however long the interval is, all organizations are verified within twelve hours of a sweep's begin") {
  Rotation mirror(hours{48});
  mirror.daemon().catch_up();
  const auto last = mirror.sweep_when_due().back();
  CHECK(last.after >= hours{10});
  CHECK(last.after < hours{10} + of_the_host);
}

TEST_CASE("an organization about which events told something is verified first in the rotation") {
  Rotation mirror;
  mirror.daemon().catch_up();
  const auto last = mirror.sweep_when_due().back().organization;
  mirror.change([&](Store& store) {
    const auto& member = store.memberships_of_organization(last).begin()->second;
    store.update(Kind::organization_memberships, member->id, Json{{"status", "inactive"}});
  });
  mirror.daemon().catch_up();
  mirror.database.execute("UPDATE workos.streams SET last_started_at = last_started_at - interval '100 hours'");
  CHECK(mirror.sweep_when_due().front().organization == last);
}

TEST_CASE("a sweep takes its time only while events are followed and nobody waits for it") {
  Rotation mirror;
  bool is_asked_for = false;
  SECTION("no event was ever read") {}
  SECTION("the last poll is more than a minute ago") {
    mirror.daemon().catch_up();
    mirror.clock.wait_for(seconds{61}, {});
  }
  SECTION("somebody asked for it") {
    mirror.daemon().catch_up();
    is_asked_for = true;
  }
  CHECK(mirror.sweep_when_due(is_asked_for).back().after < of_the_host);
}

}  // namespace mirror::tests
