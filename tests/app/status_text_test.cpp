#include <nlohmann/json.hpp>

#include "app/check_report.hpp"
#include "app/mirror_status.hpp"
#include "app/sync_report.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::app;

namespace {

using State = http::HealthReport::State;

db::MirrorOverview fresh_overview() {
  db::MirrorOverview overview;
  for (const StreamSpec* stream : all_streams()) {
    db::StreamOverview each;
    each.stream = stream->name;
    each.state = "idle";
    each.seconds_since_certified = 60;
    each.snapshot_state = "certified";
    each.rows = 12'345;
    overview.streams.push_back(each);
  }
  overview.lease = db::LeaseState{"host-1", 3, 77, "0.1.0", 1.0, false};
  return overview;
}

}  // namespace

TEST_CASE("a fresh mirror with a living writer is ok everywhere") {
  const MirrorStatus status = judge_mirror(fresh_overview(), {}, std::nullopt);
  REQUIRE(status.state == State::ok);
  REQUIRE_THAT(to_table({{"default", status}}), ContainsSubstring("12,345"));
  REQUIRE(to_nagios({{"default", status}}).starts_with("AUTHKIT-MIRROR OK - "));
  REQUIRE(nlohmann::json::parse(to_json({{"default", status}}))["status"] == "ok");
}

TEST_CASE("an old certificate is failing, a hold, a quarantine or no writer degraded") {
  db::MirrorOverview old = fresh_overview();
  old.streams[0].seconds_since_certified = 3600 + 360 + 300 + 1;
  REQUIRE(judge_mirror(old, {}, std::nullopt).state == State::failing);
  REQUIRE(to_nagios({{"default", judge_mirror(old, {}, std::nullopt)}}).starts_with("AUTHKIT-MIRROR CRITICAL"));

  db::MirrorOverview held = fresh_overview();
  db::HoldRecord hold;
  hold.id = 4;
  hold.stream = "users";
  hold.reason = "600 deletions, allowed are 500";
  held.holds.push_back(hold);
  const MirrorStatus held_status = judge_mirror(held, {}, std::nullopt);
  REQUIRE(held_status.state == State::degraded);
  REQUIRE_THAT(to_table({{"default", held_status}}), ContainsSubstring("authkit-mirror approve 4"));

  db::MirrorOverview parked = fresh_overview();
  parked.quarantine["users"] = 2;
  REQUIRE(judge_mirror(parked, {}, std::nullopt).state == State::degraded);

  db::MirrorOverview orphaned = fresh_overview();
  orphaned.lease->holder.clear();
  REQUIRE(judge_mirror(orphaned, {}, std::nullopt).state == State::degraded);
}

TEST_CASE("what only the daemon knows joins the status, what both know is said once") {
  db::MirrorOverview old = fresh_overview();
  old.streams[0].seconds_since_certified = 1e6;
  const std::string stream = old.streams[0].stream;
  const nlohmann::json live{{"streams", nlohmann::json::object()},
                            {"findings",
                             {{{"code", "snapshot_overdue"}, {"subject", stream}, {"severity", "failing"}},
                              {{"code", "limited"}, {"subject", ""}, {"severity", "degraded"}, {"cause", "429"}}}}};
  const MirrorStatus status = judge_mirror(old, {}, live.dump());
  REQUIRE(status.findings.size() == 2);
  REQUIRE_THAT(to_table({{"default", status}}), ContainsSubstring("429"));
}

TEST_CASE("a check with a failed line ends with that line's exit code, warnings do not count") {
  const std::vector<CheckLine> warned{{"clock", CheckResult::warning, "ahead", "set it", {}}};
  REQUIRE(judge_checks(warned) == ExitCode::done);
  std::vector<CheckLine> failed = warned;
  failed.push_back({"database", CheckResult::failed, "away", "start it", ExitCode::away});
  REQUIRE(judge_checks(failed) == ExitCode::away);
  REQUIRE_THAT(checks_table(failed),
               ContainsSubstring("failed   database  away") && ContainsSubstring("next: start it"));
  REQUIRE(nlohmann::json::parse(checks_json(failed))["ok"] == false);
}

TEST_CASE("a pass is done only if all is certified and nothing is held or parked") {
  StreamResults results;
  results["users"].certificate = "certified";
  REQUIRE(judge_pass(results) == ExitCode::done);
  results["users"].held = 1;
  REQUIRE(judge_pass(results) == ExitCode::not_all_well);
  results["users"].held = 0;
  results["invitations"].certificate = "failed: 403";
  REQUIRE(judge_pass(results) == ExitCode::not_all_well);
  REQUIRE_THAT(pass_table(results), ContainsSubstring("failed: 403"));
}

TEST_CASE("a stream that was never certified has no age that a graph could show as the freshest") {
  db::MirrorOverview young = fresh_overview();
  young.streams[0].seconds_since_certified.reset();
  const std::string line = to_nagios({{"default", judge_mirror(young, {}, std::nullopt)}});
  REQUIRE_THAT(line, !ContainsSubstring(young.streams[0].stream + "_age="));
  REQUIRE_THAT(line, ContainsSubstring(" " + young.streams[0].stream + "_rows=12345"));
  REQUIRE_THAT(line, ContainsSubstring(" " + young.streams[1].stream + "_age=60s"));
}

TEST_CASE("of several environments each is told with its name, and the worst decides") {
  db::MirrorOverview old = fresh_overview();
  for (auto& stream : old.streams) stream.seconds_since_certified = 1e6;
  const std::vector<EnvironmentStatus> both{{"production", judge_mirror(fresh_overview(), {}, std::nullopt)},
                                            {"staging", judge_mirror(old, {}, std::nullopt)}};
  REQUIRE(worst_state(both) == State::failing);
  REQUIRE(to_nagios(both).starts_with("AUTHKIT-MIRROR CRITICAL - staging: the last complete snapshot of"));
  REQUIRE_THAT(to_nagios(both), ContainsSubstring(" production_users_age=60s production_users_rows=12345"));
  REQUIRE_THAT(to_table(both), ContainsSubstring("production\nSTREAM") && ContainsSubstring("\nstaging\nSTREAM"));
  const auto told = nlohmann::json::parse(to_json(both));
  REQUIRE(told["status"] == "failing");
  REQUIRE(told["environments"]["production"]["status"] == "ok");
  REQUIRE(told["environments"]["staging"]["findings"].size() == all_streams().size());
}
