// `reconcile` against the official emulator, by the real program: it takes a second invitation to the same address
// without a word, so that nothing but our own care keeps an action from being done twice.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "tests/catch.hpp"
#include "tests/conformance/emulated_directory.hpp"
#include "tests/harness/child_process.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::conformance {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

/// Five organizations with twenty members whom no list names, and a database.
class EmulatedReconciliation {
 public:
  EmulatedReconciliation() {
    for (int i = 0; i < 5; ++i) {
      organizations_.push_back(directory.create("organizations", {{"name", fmt::format("Organization {}", i)}}));
    }
    for (int i = 0; i < 20; ++i) {
      const auto user = directory.create("users", {{"email", fmt::format("old{}@example.com", i)}});
      directory.create("organization_memberships",
                       {{"user_id", user}, {"organization_id", organizations_[static_cast<std::size_t>(i) % 5]}});
    }
  }

  void write_list(int people) {
    std::ofstream list(list_);
    list << "email;first_name;organization;role\r\n";
    for (int i = 0; i < people; ++i) {
      list << fmt::format("p{0}@example.com;Person {0};{1};{2}\r\n", i, organizations_[static_cast<std::size_t>(i) % 5],
                          i % 10 == 0 ? "admin" : "member");
    }
  }
  [[nodiscard]] harness::ChildProcess start(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), BINARY_DIR "/authkit-mirror");
    return harness::ChildProcess(
        arguments, {.output = output_,
                    .environment = {"DATABASE_URL=" + database.url(), "WORKOS_BASE_URL=" + emulator.base_url(),
                                    "WORKOS_API_KEY=" + std::string(Emulator::api_key())}});
  }
  int plan(const std::string& how) {
    REQUIRE(start({"sync"}).wait() == 0);
    return start({"reconcile", "plan", "--desired", list_, "--new", how, "--out", plan_, "--limit",
                  "deactivate_membership=20"})
        .wait();
  }
  [[nodiscard]] harness::ChildProcess apply() const { return start({"reconcile", "apply", plan_, "--wait", "0"}); }
  /// While it is closed, no apply gets beyond the beginning of its last action.
  void close_gate(int last_action) {
    database.execute(
        fmt::format("CREATE TABLE gate (closed boolean); INSERT INTO gate VALUES (true);"
                    "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                    " WHILE EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NEW; END $$;"
                    "CREATE TRIGGER wait_at_gate BEFORE UPDATE ON workos.reconcile_actions FOR EACH ROW"
                    " WHEN (NEW.number = {} AND NEW.state = 'started') EXECUTE FUNCTION wait_at_gate()",
                    last_action));
  }
  void open_gate() { database.execute("DELETE FROM gate"); }
  /// PostgreSQL does not look whether the client is still there while its statement runs.
  void end_sessions_of_the_dead() {
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'authkit-mirror reconcile%'");
  }
  std::int64_t actions(const std::string& state) {
    return database.count("SELECT count(*) FROM workos.reconcile_actions WHERE state = '" + state + "'");
  }
  [[nodiscard]] std::string output() const {
    std::ostringstream text;
    text << std::ifstream(output_).rdbuf();
    return text.str();
  }
  /// How many objects of a table the emulator has by `key`, and of those that occur more than once.
  std::pair<std::size_t, std::size_t> count(const char* table, const char* key) {
    std::map<std::string, int> counts;
    for (const auto& text : directory.list(table)) ++counts[json::parse(text)[key].get<std::string>()];
    const auto twice = std::ranges::count_if(counts, [](const auto& each) { return each.second > 1; });
    return {counts.size(), static_cast<std::size_t>(twice)};
  }
  std::size_t active_members() {
    const auto all = directory.list("organization_memberships");
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [](const auto& text) { return json::parse(text)["status"] == "active"; }));
  }

  Emulator emulator;
  EmulatedDirectory directory{emulator};
  harness::TestDatabase database{harness::Content::nothing};

 private:
  harness::TemporaryDirectory files_;
  std::string list_ = (files_.path() / "list.csv").string();
  std::string plan_ = (files_.path() / "plan.json").string();
  std::filesystem::path output_ = files_.path() / "output";
  std::vector<std::string> organizations_;
};

std::size_t number_of_kills() {
  const char* const text = std::getenv("AUTHKIT_MIRROR_CONFORMANCE_APPLY_KILLS");
  return text == nullptr || *text == '\0' ? 3 : std::stoul(text);
}

}  // namespace

TEST_CASE("two hundred people of a list come into five organizations of the emulator, and the second plan is empty") {
  EmulatedReconciliation work;
  work.write_list(200);
  REQUIRE(work.plan("create") == 2);
  const int code = work.apply().wait();
  INFO(work.output());
  REQUIRE(code == 0);
  CHECK(work.count("users", "email") == std::pair<std::size_t, std::size_t>{220, 0});
  CHECK(work.active_members() == 200);
  CHECK(work.plan("create") == 0);
  CHECK(work.database.count("SELECT count(*) FROM workos.reconcile_actions WHERE state = 'done'") == 420);
}

TEST_CASE("an apply to the emulator that is killed at random moments invites nobody twice") {
  EmulatedReconciliation work;
  const auto kills = number_of_kills();
  std::mt19937 random(std::random_device{}());
  constexpr int people = 60;
  constexpr int actions = people + 20;
  work.write_list(people);
  REQUIRE(work.plan("invite") == 2);
  work.close_gate(actions);
  std::size_t done = 0;
  int code = 128 + SIGKILL;
  while (code == 128 + SIGKILL) {
    if (done == kills) work.open_gate();
    auto apply = work.apply();
    // A moment after one more action, or a few more: the emulator's quota makes the whole time depend on luck. The
    // fewer actions are left, the closer the kills. None comes too late, as the gate keeps the last action back.
    const auto seen = work.actions("done");
    const auto left = actions - 1 - seen;
    const auto kills_left = static_cast<std::int64_t>(kills - done);
    const auto wanted =
        seen + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * left / (kills_left + 1) + 1));
    const auto later = std::chrono::microseconds{random() % 10'000};
    while (done < kills && apply.is_running() && work.actions("done") < wanted) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    if (done < kills) {
      std::this_thread::sleep_for(later);
      apply.signal(SIGKILL);
    }
    code = apply.wait();
    if (code == 128 + SIGKILL) ++done;
    work.end_sessions_of_the_dead();
  }
  INFO(work.output());
  CHECK(code == 0);
  std::cout << done << " kills of an apply to the emulator\n";
  CHECK(done == kills);
  CHECK(work.count("invitations", "email") == std::pair<std::size_t, std::size_t>{people, 0});
  CHECK(work.active_members() == 0);
  CHECK(work.plan("invite") == 0);
}

}  // namespace mirror::conformance
