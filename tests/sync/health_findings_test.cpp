// What the database tells about the mirror's health: how long ago events were last read to their end.

#include "sync/health_findings.hpp"

#include <algorithm>
#include <optional>

#include "tests/catch.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using std::chrono::hours;
using std::chrono::seconds;
using sync::Severity;

constexpr hours day{24};

struct LateTail : TailFixture {
  LateTail() {
    daemon.sweep_all();
    daemon.catch_up();
  }

  /// As if nobody had polled for so long.
  void poll_was(seconds ago) {
    database.execute("UPDATE workos.event_tails SET polled_at = clock_timestamp() - interval '" +
                     std::to_string(ago.count()) + " s'");
  }
  std::optional<sync::Finding> finding(const std::string& code) {
    auto connection = database.connect();
    sync::refresh_findings(connection, options, daemon.board());
    const auto findings = daemon.board().findings();
    const auto found = std::ranges::find(findings, code, &sync::Finding::code);
    return found == findings.end() ? std::nullopt : std::optional(*found);
  }

  SteppedMirror daemon{*this};
};

}  // namespace

TEST_CASE("a tail that stands still warns well before WorkOS forgets events, whatever it keeps") {
  LateTail mirror;
  const auto kept = GENERATE(90 * day, 45 * day, 9 * day);
  mirror.options.events.retention = kept;
  const seconds limit = seconds(kept) * 20 / 90;
  mirror.poll_was(limit - seconds{60});
  CHECK_FALSE(mirror.finding("cursor_old"));
  mirror.poll_was(limit + seconds{1});
  const auto warning = mirror.finding("cursor_old");
  REQUIRE(warning);
  CHECK(warning->severity == Severity::degraded);
  CHECK_THAT(warning->cause, ContainsSubstring(std::to_string(limit / day) + " days") &&
                                 ContainsSubstring("keeps them for " + std::to_string(kept / day)));
  CHECK(!warning->next_step.empty());
}

TEST_CASE("events that were not read for longer than health.max_lag are late, and no more once they are") {
  LateTail mirror;
  mirror.options.health_max_lag = seconds{1'000};
  mirror.poll_was(seconds{940});
  CHECK_FALSE(mirror.finding("events_late"));
  mirror.poll_was(seconds{1'001});
  const auto finding = mirror.finding("events_late");
  REQUIRE(finding);
  CHECK(finding->severity == Severity::failing);
  CHECK_THAT(finding->cause, ContainsSubstring("1001 s ago"));

  mirror.database.execute("UPDATE workos.event_tails SET problem = 'the API is away'");
  CHECK_THAT(mirror.finding("events_late")->next_step, ContainsSubstring("the API is away"));
  mirror.poll_was(30 * day);
  REQUIRE(mirror.finding("cursor_old"));

  SteppedMirror& daemon = mirror.daemon;
  daemon.tail().restart({});
  daemon.catch_up();
  CHECK_FALSE(mirror.finding("events_late"));
  CHECK_FALSE(mirror.finding("cursor_old"));
}

}  // namespace mirror::tests
