#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>
#include <thread>

#include "tests/catch.hpp"
#include "tests/crash/churn.hpp"
#include "tests/crash/crash_site.hpp"
#include "tests/crash/event_ledger.hpp"
#include "tests/harness/wait_until.hpp"

namespace mirror::crash {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

/// So often the directory stands still and everything is compared.
constexpr std::uint64_t kills_a_round = 100;
/// A daemon that does not come to what the kill is aimed at is killed all the same.
constexpr milliseconds longest_life{10'000};

const std::string secret = "whsec_crash";

simulator::SimulatorOptions directory_of(std::uint64_t seed) {
  return {.directory = {.organizations = 15, .users = 400, .memberships = 500, .invitations = 100, .seed = seed},
          .latency = milliseconds{1}};
}

/// What a kill is aimed at.
enum class Aim { anywhere, tail, webhook, sweep };

/// What the kills hit; one may hit several things at once.
struct Tally {
  std::uint64_t kills = 0;
  std::uint64_t starting = 0;  ///< before the first poll for events
  std::uint64_t tail = 0;      ///< with a page of events read and not committed
  std::uint64_t webhook = 0;   ///< with a webhook on its way
  std::uint64_t sweep = 0;     ///< with a snapshot under way
};

/// The daemon that is killed, and what goes on around it.
class EventSite {
 public:
  explicit EventSite(std::uint64_t seed)
      : site_(seed, directory_of(seed), harness::Fsync::off), port_(site_.free_port()) {
    site_.workos().send_webhooks({.url = "http://127.0.0.1:" + std::to_string(port_) + "/webhooks/workos",
                                  .secret = secret,
                                  .drop = 0.1,
                                  .duplicate = 0.1,
                                  .reorder = milliseconds{50},
                                  .retries = 4,
                                  .backoff = milliseconds{20},
                                  .timeout = milliseconds{2'000},
                                  .seed = site_.random(),
                                  .remember = true});
  }

  /// Starts the daemon and kills it at a random moment.
  void kill_once(Tally& tally) {
    site_.workos().with([](simulator::World& world) { world.log.clear(); });
    const auto delivered_before = site_.workos().webhooks().delivered;
    auto daemon = start();
    const auto aim = static_cast<Aim>(site_.random() % 4);
    const auto until = Steady::now() + longest_life;
    while (!is_reached(aim, delivered_before) && Steady::now() < until) {
      std::this_thread::sleep_for(milliseconds{1});
    }
    std::this_thread::sleep_for(site_.random_moment(milliseconds{80}));
    const auto webhooks = site_.workos().webhooks();
    daemon.signal(SIGKILL);
    REQUIRE(daemon.wait() == 128 + SIGKILL);
    ++tally.kills;
    if (pages_of("/events") == 0) ++tally.starting;
    if (is_on_its_way(webhooks)) ++tally.webhook;
    if (site_.has_running_snapshot()) ++tally.sweep;
    if (has_page_in_flight()) ++tally.tail;
  }

  /// Lets the daemon catch up with a directory that stands still, sweep, and end.
  void settle() {
    auto daemon = start();
    INFO(site_.end_of_log());
    REQUIRE(harness::wait_until([&] { return site_.is_migrated(); }));
    const std::string now = site_.database().value("SELECT clock_timestamp()");
    const auto is_quiet = [&] {
      return site_.workos().webhooks().waiting == 0 && !is_behind() &&
             site_.database().count("SELECT count(*) FROM workos.doubts") == 0 &&
             site_.database().count(
                 "SELECT count(DISTINCT stream) FROM workos.snapshots WHERE state = 'certified' "
                 "AND begun_at > '" +
                 now + "'") == 4;
    };
    const bool settled = harness::wait_until(is_quiet, std::chrono::seconds{60});
    INFO(site_.end_of_log());
    REQUIRE(settled);
    daemon.signal(SIGTERM);
    REQUIRE(daemon.wait_for(std::chrono::seconds{10}) == 0);
  }

  [[nodiscard]] std::vector<std::string> problems() {
    auto all = site_.problems(false);
    const auto of_events = event_problems(site_.database(), site_.workos());
    all.insert(all.end(), of_events.begin(), of_events.end());
    return all;
  }

  CrashSite& site() { return site_; }

 private:
  [[nodiscard]] harness::ChildProcess start() const {
    std::vector<std::string> arguments{"run"};
    for (const char* stream : {"organizations", "users", "organization_memberships", "invitations"}) {
      arguments.insert(arguments.end(), {"--set", std::string("streams.") + stream + ".sweep_interval=1s"});
    }
    for (const std::string& setting :
         {"http.listen=127.0.0.1:" + std::to_string(port_), std::string("events.poll_interval=50ms"),
          std::string("events.idle_interval=50ms")}) {
      arguments.insert(arguments.end(), {"--set", setting});
    }
    return site_.start(arguments, {"WORKOS_WEBHOOK_SECRET=" + secret});
  }

  bool is_reached(Aim aim, std::size_t delivered_before) {
    switch (aim) {
      case Aim::anywhere:
        return true;
      case Aim::tail:
        return pages_of("/events") > 0;
      case Aim::webhook:
        return site_.workos().webhooks().delivered > delivered_before;
      case Aim::sweep:
        return pages_of("/organizations") + pages_of("/user_management") > 0;
    }
    return true;
  }

  /// Pages of the lists below `path` that the API served to the last daemon.
  std::size_t pages_of(const std::string& path) {
    return site_.workos().with([&](simulator::World& world) {
      std::size_t reads = 0;
      for (const auto& [list, pages] : world.log.pages()) {
        if (list.starts_with(path)) reads += pages.reads;
      }
      return reads;
    });
  }

  static bool is_on_its_way(const simulator::WebhookCounters& webhooks) {
    std::size_t ended = webhooks.delivered + webhooks.unanswered;
    for (const auto& [status, count] : webhooks.refused) ended += count;
    return webhooks.sent > ended;
  }

  /// Whether the dead daemon had read the page behind the stored cursor.
  bool has_page_in_flight() {
    if (!site_.is_migrated()) return false;
    const auto behind_cursor =
        "after=" + site_.database().value("SELECT coalesce(cursor, '-') FROM workos.event_tails");
    const auto pages = site_.workos().with([](simulator::World& world) { return world.log.pages_in_order(); });
    return std::ranges::any_of(pages, [&](const std::string& page) { return page.ends_with(behind_cursor); });
  }

  /// Whether there are events that the tail has not applied yet.
  bool is_behind() {
    if (!site_.is_migrated()) return true;
    return site_.database().value("SELECT coalesce(cursor, '') FROM workos.event_tails") !=
           newest_mirrored_event(site_.workos());
  }

  CrashSite site_;
  const int port_;
};

void report(const Tally& tally, EventSite& site, Steady::duration time) {
  const auto webhooks = site.site().workos().webhooks();
  const auto events = site.site().workos().with([](simulator::World& world) { return world.store.events().size(); });
  std::cout << tally.kills << " kills of a daemon that follows events: " << tally.starting << " before the first poll, "
            << tally.tail << " with a page of events in flight, " << tally.webhook << " with a webhook on its way, "
            << tally.sweep << " in a sweep; "
            << std::chrono::duration_cast<milliseconds>(time).count() / static_cast<long>(tally.kills) << " ms each\n"
            << events << " events; " << webhooks.sent << " webhooks sent, " << webhooks.delivered << " answered, "
            << webhooks.unanswered << " cut off or not taken" << std::endl;
}

}  // namespace

TEST_CASE("a daemon killed at any moment loses and doubles neither events nor webhooks") {
  const auto kills = number_from("AUTHKIT_MIRROR_CRASH_EVENT_KILLS", 4);
  EventSite site(seed_of_this_run());
  Tally tally;
  Steady::duration time{};
  const auto goes_on = [&] {
    const bool has_hit = tally.starting > 0 && tally.tail > 0 && tally.webhook > 0 && tally.sweep > 0;
    return tally.kills < kills || (!has_hit && tally.kills < kills + most_extra_kills);
  };
  while (goes_on()) {
    {
      const Churn churn(site.site().workos(), site.site().random());
      const auto began = Steady::now();
      for (const auto end = tally.kills + kills_a_round; tally.kills < end && goes_on();) site.kill_once(tally);
      time += Steady::now() - began;
    }
    site.settle();
    INFO(tally.kills << " kills\n" << site.site().end_of_log());
    REQUIRE(site.problems() == std::vector<std::string>{});
  }
  report(tally, site, time);
  CHECK(tally.starting > 0);
  CHECK(tally.tail > 0);
  CHECK(tally.webhook > 0);
  CHECK(tally.sweep > 0);
}

}  // namespace mirror::crash
