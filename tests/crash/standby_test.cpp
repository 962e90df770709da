#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/catch.hpp"
#include "tests/crash/churn.hpp"
#include "tests/crash/crash_site.hpp"
#include "tests/crash/event_ledger.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/http/raw_client.hpp"

namespace mirror::crash {
namespace {

using harness::Way;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

/// Promised is one second; a machine that does much else may be slower. Within it no lease ends by itself.
constexpr seconds longest_takeover{15};
/// Of a holder whose sessions end with it.
constexpr seconds long_lease{60};
/// Of one that only falls silent.
constexpr seconds lease_ttl{8};
constexpr int kills = 5;

/// Enough users for a first load in several batches, each a COPY that can be met.
simulator::SimulatorOptions large_directory() {
  return {.directory = {.organizations = 10, .users = 40'000, .memberships = 200, .invitations = 50}};
}

simulator::SimulatorOptions small_directory() {
  return {.directory = {.organizations = 10, .users = 300, .memberships = 400, .invitations = 50}};
}

/// Notes who commits what: the name of the session behind each statement that wrote to the mirror or to the lease.
constexpr const char* witness = R"sql(
  CREATE TABLE public.witness (session text NOT NULL, at timestamptz NOT NULL);
  GRANT ALL ON public.witness TO PUBLIC;
  CREATE FUNCTION public.note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO public.witness VALUES (current_setting('application_name'), clock_timestamp());
    RETURN NULL;
  END $$;
  DO $$
  DECLARE name text;
  BEGIN
    FOREACH name IN ARRAY ARRAY['lease', 'users', 'organizations', 'organization_memberships', 'invitations', 'changes',
                                'snapshots', 'walks', 'streams', 'event_tails', 'holds', 'doubts'] LOOP
      EXECUTE format('CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE ON workos.%I '
                     'FOR EACH STATEMENT EXECUTE FUNCTION public.note_writer()', name);
    END LOOP;
  END $$;
)sql";

/// One of the daemons that share a mirror.
struct Daemon {
  Daemon(CrashSite& site, const std::string& database_url, seconds ttl)
      : port(site.free_port()), process(site.start(arguments(port, ttl), {"DATABASE_URL=" + database_url})) {}

  static std::vector<std::string> arguments(int port, seconds ttl) {
    std::vector<std::string> all{"run"};
    for (const char* stream : {"organizations", "users", "organization_memberships", "invitations"}) {
      all.insert(all.end(), {"--set", std::string("streams.") + stream + ".sweep_interval=2s"});
    }
    for (const std::string& setting :
         {"http.listen=127.0.0.1:" + std::to_string(port), std::string("events.poll_interval=50ms"),
          std::string("events.idle_interval=50ms"), "lease.ttl=" + std::to_string(ttl.count()) + "s"}) {
      all.insert(all.end(), {"--set", setting});
    }
    return all;
  }

  [[nodiscard]] std::string role() const {
    try {
      const auto answer = test::ask(static_cast<unsigned short>(port), "GET", "/healthz");
      const auto health = nlohmann::json::parse(answer.body, nullptr, false);
      return health.is_object() ? health.value("role", "") : "";
    } catch (const std::runtime_error&) {
      return "";  // not listening yet, or no more
    }
  }
  [[nodiscard]] bool becomes(const std::string& wanted) const {
    return harness::wait_until([&] { return role() == wanted; }, seconds{30});
  }
  /// Part of the names of its database sessions.
  [[nodiscard]] std::string session_mark() const { return ":" + std::to_string(process.pid()) + ":"; }

  int port;
  harness::ChildProcess process;
};

/// A mirror that two daemons want to write.
class StandbySite {
 public:
  explicit StandbySite(const simulator::SimulatorOptions& directory, Way way = Way::direct)
      : site(seed_of_this_run(), directory, harness::Fsync::off) {
    if (way == Way::pooled) pgbouncer_.emplace(site.cluster().url());
    if (site.start({"migrate"}).wait() != 0) throw std::runtime_error("cannot migrate:\n" + site.end_of_log());
    site.database().execute(witness);
  }

  std::unique_ptr<Daemon> start(seconds ttl = lease_ttl) {
    return std::make_unique<Daemon>(site, pgbouncer_ ? pgbouncer_->url(site.database().name()) : site.database().url(),
                                    ttl);
  }
  std::int64_t token() { return site.database().count("SELECT coalesce(max(token), 0) FROM workos.lease"); }
  /// Whether the change of a user that is made now is committed; others may change the same user meanwhile.
  bool writes() {
    const auto [id, updated_at] = site.workos().with([&](simulator::World& world) {
      const std::string user = simulator::Changes(world.store, site.random()).update(simulator::Kind::users, 1).front();
      return std::pair(user, world.store.object(simulator::Kind::users, user).at("updated_at").get<std::string>());
    });
    const std::string query = "SELECT count(*) FROM workos.users WHERE id = '" + id + "' AND (updated_at >= '" +
                              updated_at + "' OR _deleted_at IS NOT NULL)";
    return harness::wait_until([&] { return site.database().count(query) == 1; }, seconds{20});
  }
  /// Who does what in the database, for the message of a failure.
  std::string sessions() {
    std::string all;
    for (const auto& row :
         site.database().rows("SELECT application_name, state, coalesce(wait_event, '-'), pid, "
                              "pg_blocking_pids(pid)::text, left(query, 150) "
                              "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")) {
      for (const auto& field : row) all.append(field).append(" | ");
      all += '\n';
    }
    return all;
  }
  /// Statements that a session of `daemon` committed.
  std::int64_t written_by(const Daemon& daemon) {
    return site.database().count("SELECT count(*) FROM public.witness WHERE strpos(session, '" + daemon.session_mark() +
                                 "') > 0");
  }
  bool is_copying(const Daemon& daemon) {
    return site.database().count(
               "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY %' "
               "AND strpos(application_name, '" +
               daemon.session_mark() + "') > 0") > 0;
  }
  /// Stops `daemon` while PostgreSQL waits for more rows of a COPY. False if no COPY was met.
  bool stop_in_copy(const Daemon& daemon) {
    const auto until = Steady::now() + seconds{20};
    while (Steady::now() < until) {
      if (!is_copying(daemon)) continue;  // it takes milliseconds: no pause between two looks
      daemon.process.signal(SIGSTOP);
      if (is_copying(daemon) && is_copying(daemon)) return true;
      daemon.process.signal(SIGCONT);
    }
    return false;
  }
  /// How long it takes from now until the lease has another token; empty if that is longer than `limit`.
  std::optional<milliseconds> await_takeover(std::int64_t old_token, seconds limit) {
    const auto began = Steady::now();
    if (!harness::wait_until([&] { return token() > old_token; }, limit)) return std::nullopt;
    return duration_cast<milliseconds>(Steady::now() - began);
  }
  /// Lets `daemon` make everything true, end, and says what is wrong then.
  std::vector<std::string> problems_after(Daemon& daemon) {
    const std::string now = site.database().value("SELECT clock_timestamp()");
    const bool settled = harness::wait_until(
        [&] {
          return site.database().count(
                     "SELECT count(DISTINCT stream) FROM workos.snapshots WHERE state = 'certified' AND begun_at > '" +
                     now + "'") == 4 &&
                 site.database().value("SELECT coalesce(cursor, '') FROM workos.event_tails") ==
                     newest_mirrored_event(site.workos()) &&
                 site.database().count("SELECT count(*) FROM workos.doubts") == 0;
        },
        seconds{60});
    if (!settled) return {"it does not settle:\n" + site.end_of_log()};
    daemon.process.signal(SIGTERM);
    if (daemon.process.wait_for(seconds{10}) != 0) return {"it does not end well:\n" + site.end_of_log()};
    auto all = site.problems(false);
    const auto of_events = event_problems(site.database(), site.workos());
    all.insert(all.end(), of_events.begin(), of_events.end());
    return all;
  }

  CrashSite site;

 private:
  std::optional<harness::Pgbouncer> pgbouncer_;
};

/// Stops the holder now, longer than its lease lives, and wakes it up when the standby has worked for a while. It must
/// have become harmless: not one statement of it is committed any more, and the standby goes on.
void stop_and_wake(StandbySite& mirror, Daemon& holder, Daemon& standby) {
  const auto token = mirror.token();
  holder.process.signal(SIGSTOP);
  const auto time = mirror.await_takeover(token, lease_ttl + seconds{8});
  INFO(mirror.site.end_of_log());
  REQUIRE(time);
  std::cout << "stopped holder: the lease changed hands after " << time->count() << " ms (lease.ttl is "
            << lease_ttl.count() << " s)" << std::endl;
  REQUIRE(standby.becomes("writer"));
  const bool goes_on = mirror.writes();
  INFO(mirror.sessions());
  REQUIRE(goes_on);
  const auto written = mirror.written_by(holder);
  holder.process.signal(SIGCONT);
  REQUIRE(holder.becomes("standby"));
  REQUIRE(mirror.writes());
  CHECK(mirror.written_by(holder) == written);
  CHECK(mirror.token() == token + 1);
  CHECK(standby.role() == "writer");
}

}  // namespace

TEST_CASE("a standby writes within a second after the holder was killed") {
  StandbySite mirror(small_directory());
  auto holder = mirror.start(long_lease);
  REQUIRE(holder->becomes("writer"));
  auto standby = mirror.start(long_lease);
  REQUIRE(standby->becomes("standby"));
  std::optional<Churn> churn(std::in_place, mirror.site.workos(), mirror.site.random());
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(mirror.site.random_moment(milliseconds{300}));
    const auto token = mirror.token();
    holder->process.signal(SIGKILL);
    const auto time = mirror.await_takeover(token, longest_takeover);
    INFO(mirror.site.end_of_log());
    REQUIRE(time);
    std::cout << "killed holder: the standby's first heartbeat after " << time->count() << " ms" << std::endl;
    CHECK(*time < longest_takeover);
    REQUIRE(mirror.writes());
    holder = std::move(standby);
    standby = mirror.start(long_lease);
    REQUIRE(standby->becomes("standby"));
  }
  churn.reset();
  standby.reset();
  CHECK(mirror.problems_after(*holder) == std::vector<std::string>{});
}

TEST_CASE("a holder that was stopped longer than its lease lives writes nothing when it wakes up") {
  const Way way = GENERATE(Way::direct, Way::pooled);
  StandbySite mirror(small_directory(), way);
  auto first = mirror.start();
  REQUIRE(first->becomes("writer"));
  auto second = mirror.start();
  REQUIRE(second->becomes("standby"));
  std::optional<Churn> churn(std::in_place, mirror.site.workos(), mirror.site.random());
  for (int i = 0; i < 2; ++i) {
    std::this_thread::sleep_for(mirror.site.random_moment(milliseconds{300}));
    stop_and_wake(mirror, *first, *second);
    std::swap(first, second);
  }
  churn.reset();
  second.reset();
  CHECK(mirror.problems_after(*first) == std::vector<std::string>{});
}

TEST_CASE("a holder that was stopped in the middle of a COPY does not keep its successor from writing") {
  const Way way = GENERATE(Way::direct, Way::pooled);
  StandbySite mirror(large_directory(), way);
  auto first = mirror.start();
  REQUIRE(first->becomes("writer"));
  auto second = mirror.start();
  REQUIRE(second->becomes("standby"));
  REQUIRE(mirror.stop_in_copy(*first));
  stop_and_wake(mirror, *first, *second);
  first.reset();
  CHECK(mirror.problems_after(*second) == std::vector<std::string>{});
}

}  // namespace mirror::crash
