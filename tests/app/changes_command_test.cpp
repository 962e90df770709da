#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "tests/app/program.hpp"
#include "tests/catch.hpp"
#include "tests/harness/stepped_mirror.hpp"
#include "tests/simulator/changes.hpp"

using namespace mirror;
using namespace mirror::test;

namespace {

std::vector<nlohmann::json> changes_in(const std::string& output) {
  std::vector<nlohmann::json> changes;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {  // the last one may have been cut by a kill
    if (line.starts_with("{")) changes.push_back(nlohmann::json::parse(line));
  }
  return changes;
}

/// A mirror that is written in this process and followed by others, which reach it by `way`.
struct FeedSite : ProgramFixture {
  explicit FeedSite(harness::Way way = harness::Way::direct)
      : ProgramFixture(small(), way, harness::Content::migrated_schema) {
    api_.base_url = workos.url();
    api_.key = Secret(workos.options().api_key);
    api_.max_requests_per_second = 1'000;
    daemon = std::make_unique<harness::SteppedMirror>(database().options(), sync::SyncOptions{}, api_);
    daemon->sweep_all();
  }

  std::unique_ptr<harness::SteppedMirror> daemon;

  void change_much() {
    workos.with([&](simulator::World& world) {
      simulator::Changes changes(world.store, ++seed_);
      changes.update(simulator::Kind::users, 40);
      changes.create(simulator::Kind::users, 2);
      changes.erase(simulator::Kind::users, 1);
    });
    daemon->catch_up();
  }
  bool has_taken_all(const std::string& consumer) {
    return database().count("SELECT count(*) FROM workos.consumer_lag WHERE lag = 0 AND name = '" + consumer + "'") ==
           1;
  }
  std::int64_t newest() { return database().count("SELECT feed_seq FROM workos.lease"); }

 private:
  api::ApiOptions api_;
  std::uint64_t seed_ = 0;
};

/// What one consumer printed, process after process.
class Record {
 public:
  void add(const std::string& output) {
    for (const auto& change : changes_in(output)) {
      const auto seq = change["seq"].get<std::int64_t>();
      const bool goes_on = is_new_process_ ? seq <= last_ + 1 : seq == last_ + 1;
      if (!goes_on) problem = fmt::format("{} follows {}", seq, last_);
      if (is_new_process_ && seq <= last_) ++repeated;
      last_ = seq;
      is_new_process_ = false;
    }
    is_new_process_ = true;
  }
  [[nodiscard]] std::int64_t last() const { return last_; }
  std::string problem;
  int repeated = 0;

 private:
  std::int64_t last_ = 0;
  bool is_new_process_ = true;
};

}  // namespace

TEST_CASE("two consumers killed at random see every change at least once, in order, with no gap") {
  FeedSite site(GENERATE(harness::Way::direct, harness::Way::pooled));
  std::mt19937 random(std::random_device{}());
  const std::vector<std::string> names{"one", "two"};
  std::map<std::string, Record> records;
  const auto follow = [&](const std::string& name) {
    return site.start({"changes", "--follow", "--consumer", name, "--from", "start"});
  };
  std::map<std::string, std::unique_ptr<Program>> running;
  for (const auto& name : names) running[name] = follow(name);
  constexpr int kills = 12;
  for (int kill = 0; kill < kills; ++kill) {
    site.change_much();
    const auto& name = names[random() % names.size()];
    auto& victim = running[name];
    const std::size_t enough = random() % 60'000;
    const bool is_reached =
        harness::wait_until([&] { return victim->output().size() >= enough || site.has_taken_all(name); });
    REQUIRE(is_reached);
    victim->process().signal(SIGKILL);
    records[name].add(victim->end().output);
    victim = follow(name);
  }
  // What they print now was taken by the processes that run now.
  site.change_much();
  const auto newest = fmt::format("\"default:{}\"", site.newest());
  for (const auto& name : names) {
    CAPTURE(name);
    REQUIRE(harness::wait_until([&] { return site.has_taken_all(name) && running[name]->has_printed(newest); }));
    running[name]->process().signal(SIGTERM);
    const auto ending = running[name]->end();
    CHECK(ending.code == 0);
    records[name].add(ending.output);
    CHECK(records[name].problem.empty());
    CHECK(records[name].last() == site.newest());
  }
}

TEST_CASE("changes that the reader of the pipe did not take are printed again") {
  FeedSite site;
  for (int i = 0; i < 4; ++i) site.change_much();
  REQUIRE(site.run({"changes", "create", "--consumer", "jobs", "--from", "start"}).code == 0);
  harness::TemporaryDirectory directory;
  const auto count = directory.path() / "count";
  // The reader takes one line of the first hundred and goes.
  harness::run_program(
      {"/bin/sh", "-c",
       std::string(BINARY_DIR "/authkit-mirror changes --follow --consumer jobs | head -n 1 >") + count.string()},
      {.environment = site.environment()});
  CHECK(site.database().count("SELECT seq FROM workos.consumers") < 100);
  const auto rest = changes_in(site.run({"changes", "--consumer", "jobs"}).output);
  REQUIRE_FALSE(rest.empty());
  CHECK(rest.front()["seq"] == 1);
  CHECK(rest.back()["seq"] == site.newest());
}

TEST_CASE("the feed is printed from a position, of one table, and up to a number of changes") {
  FeedSite site;
  site.change_much();
  const auto some = changes_in(site.run({"changes", "--since", "5", "--most", "20", "--table", "users"}).output);
  REQUIRE_FALSE(some.empty());
  for (const auto& change : some) {
    CHECK(change["table"] == "users");
    CHECK(change["seq"] > 5);
    CHECK(change["seq"] <= 25);
    CHECK(change["change_id"] == fmt::format("default:{}", change["seq"].get<std::int64_t>()));
  }
  CHECK(site.run({"changes", "--consumer", "nobody"}).code == 64);
  CHECK(site.run({"changes", "drop", "--consumer", "nobody"}).code == 64);
  CHECK(site.run({"changes", "create"}).code == 64);
}

TEST_CASE("the consumers are listed with how far behind they are, and can be dropped") {
  FeedSite site;
  CHECK_THAT(site.run({"changes", "list"}).output, ContainsSubstring("nobody follows"));
  REQUIRE(site.run({"changes", "create", "--consumer", "jobs"}).code == 0);
  CHECK(site.run({"changes", "create", "--consumer", "jobs"}).code == 64);
  const auto before = site.newest();
  site.change_much();
  const auto list = nlohmann::json::parse(site.run({"changes", "list", "--json"}).output)["consumers"];
  REQUIRE(list.size() == 1);
  CHECK(list[0]["name"] == "jobs");
  CHECK(list[0]["seq"] == before);
  CHECK(list[0]["lag"] == site.newest() - before);
  CHECK_THAT(site.run({"changes", "list"}).output, ContainsSubstring("jobs"));
  CHECK(site.run({"changes", "drop", "--consumer", "jobs"}).code == 0);
  CHECK(site.database().count("SELECT count(*) FROM workos.consumers") == 0);
}
