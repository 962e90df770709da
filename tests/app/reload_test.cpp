#include "app/reload.hpp"

#include "tests/catch.hpp"

using namespace mirror::app;
using namespace std::chrono_literals;

namespace {

Config with(std::vector<std::string> flags, std::map<std::string, std::string> environment = {}) {
  return load_config({"/dev/null", std::move(environment), std::move(flags)});
}

}  // namespace

TEST_CASE("a reload names what it applied and what needs a restart") {
  const Config running = with({});
  const Config fresh = with({"log.level=debug", "brake.max_count=900", "database.schema=other"});
  const ReloadReport report = compare(running, fresh);
  REQUIRE(report.applied == std::vector<std::string>{"brake.max_count", "log.level"});
  REQUIRE(report.needs_restart == std::vector<std::string>{"database.schema"});
  REQUIRE_THAT(report.text(),
               ContainsSubstring("applied brake.max_count, log.level; needs a restart: database.schema"));
}

TEST_CASE("a default that is now written out is no change") {
  REQUIRE_THAT(compare(with({}), with({"log.level=info"})).text(), ContainsSubstring("nothing has changed"));
}

TEST_CASE("a changed secret needs a restart and is not shown") {
  const ReloadReport report =
      compare(with({}, {{"WORKOS_API_KEY", "sk_old"}}), with({}, {{"WORKOS_API_KEY", "sk_new"}}));
  REQUIRE(report.needs_restart == std::vector<std::string>{"api.key"});
  REQUIRE_THAT(report.text(), !ContainsSubstring("sk_"));
}

TEST_CASE("a changed webhook secret needs a restart, changed pauses between polls do not") {
  const Config running = with({}, {{"WORKOS_WEBHOOK_SECRET", "old"}});
  const Config fresh =
      with({"events.poll_interval=50ms", "events.idle_interval=60ms"}, {{"WORKOS_WEBHOOK_SECRET", "old,new"}});
  const ReloadReport report = compare(running, fresh);
  REQUIRE(report.applied == std::vector<std::string>{"events.poll_interval", "events.idle_interval"});
  REQUIRE(report.needs_restart == std::vector<std::string>{"webhook.secret"});
  REQUIRE(with_reloadable_keys(running, fresh).sync.events.poll_interval == 50ms);
}

TEST_CASE("only reloadable keys are taken over, also back to their default") {
  const Config running = with({"streams.users.sweep_interval=5m", "brake.max_count=900"});
  const Config fresh = with({"streams.users.sweep_interval=7m", "database.schema=other"});
  const Config merged = with_reloadable_keys(running, fresh);
  REQUIRE(merged.sync.streams.at("users").sweep_interval == 7min);
  REQUIRE(merged.sync.brake.max_count == 500);
  REQUIRE(merged.database.schema == "workos");
  REQUIRE(compare(merged, fresh).applied.empty());
  REQUIRE(compare(merged, fresh).needs_restart == std::vector<std::string>{"database.schema"});
}

namespace {

Config both(std::vector<std::string> more) {
  std::vector<std::string> flags{"environments.production.brake.max_count=600", "environments.staging.sync.parallel=1"};
  flags.insert(flags.end(), more.begin(), more.end());
  return with(flags);
}

}  // namespace

TEST_CASE("a reload names each key with its environment, and takes over what each of them may") {
  const Config running = both({});
  const Config fresh = both({"environments.staging.brake.max_count=900", "environments.staging.sync.parallel=2",
                             "health.max_lag=7m", "environments.third.sync.parallel=1"});
  const ReloadReport report = compare(running, fresh);
  REQUIRE(report.applied == std::vector<std::string>{"environments.production.health.max_lag",
                                                     "environments.staging.brake.max_count",
                                                     "environments.staging.health.max_lag"});
  REQUIRE(report.needs_restart == std::vector<std::string>{"environments.staging.sync.parallel", "environments.third"});
  const Config merged = with_reloadable_keys(running, fresh);
  REQUIRE(merged.environments.size() == 2);
  REQUIRE(merged.environments[0].sync.brake.max_count == 600);
  REQUIRE(merged.environments[1].sync.brake.max_count == 900);
  REQUIRE(merged.environments[1].sync.parallel == 1);
  REQUIRE(merged.environments[0].sync.health_max_lag == 7min);
}
