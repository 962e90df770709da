#include <sys/stat.h>

#include <random>

#include "api/api_client.hpp"
#include "app/api_samples.hpp"
#include "app/check_api.hpp"
#include "app/check_credentials.hpp"
#include "app/check_quota.hpp"
#include "app/check_webhook.hpp"
#include "tests/app/program.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"
#include "tests/crash/free_port.hpp"

using namespace mirror;
using namespace mirror::app;
using namespace mirror::harness;
using namespace mirror::test;

namespace {

using Json = nlohmann::json;

const std::string secret = "WORKOS_WEBHOOK_SECRET=whsec_simulator";

std::string listen_setting() {
  std::mt19937_64 random{std::random_device{}()};
  return "AUTHKIT_MIRROR_HTTP_LISTEN=127.0.0.1:" + std::to_string(crash::free_port(random));
}

/// The line of that subject; null if check printed none.
Json checked(const ProgramFixture& mirror, const std::string& subject, const std::vector<std::string>& settings) {
  const Ending ending = mirror.run({"check", "--json"}, settings);
  INFO(ending.output);
  const Json answer = Json::parse(ending.output);
  for (const Json& line : answer.at("checks")) {
    if (line.at("subject") == subject) return line;
  }
  return nullptr;
}

std::string mode_of(const std::string& file, mode_t mode) {
  REQUIRE(::chmod(file.c_str(), mode) == 0);
  return file;
}

}  // namespace

TEST_CASE("check says what the answers tell of the quota, against our share of it") {
  api::ApiStatistics seen;
  seen.attempts_by_status[200] = 6;
  const CheckLine quiet = check_quota(seen, 50);
  CHECK(quiet.result == CheckResult::ok);
  CHECK(quiet.detail ==
        "none of 6 requests was refused; the answers show no quota; our share is 50 a second of the 100 that WorkOS "
        "documents");
  CHECK(check_quota(seen, 100).result == CheckResult::ok);
  const CheckLine greedy = check_quota(seen, 100.5);
  CHECK(greedy.result == CheckResult::warning);
  CHECK_THAT(greedy.next_step, ContainsSubstring("lower api.max_requests_per_second"));

  seen.quota_limit = 1000;
  seen.quota_remaining = 100;
  CHECK(check_quota(seen, 50).result == CheckResult::ok);
  CHECK_THAT(check_quota(seen, 50).detail, ContainsSubstring("a quota of 1000 requests, 100 left"));
  seen.quota_remaining = 99;
  CHECK(check_quota(seen, 50).result == CheckResult::warning);

  seen.attempts_by_status[429] = 2;
  seen.rate_limited = 2;
  const CheckLine refused = check_quota(seen, 50);
  CHECK(refused.result == CheckResult::warning);
  CHECK_THAT(refused.detail, ContainsSubstring("2 of 8 requests were refused with 429"));
  CHECK(judge_checks({refused}) == ExitCode::done);
}

TEST_CASE("the metrics count requests by the status of their answer") {
  api::ApiStatistics seen;
  seen.attempts_by_status = {{0, 3}, {200, 6}, {403, 1}};
  std::map<std::string, double> counted;
  for (const http::Sample& sample : api_samples(seen)) {
    if (sample.name != std::string{"api_requests_total"}) continue;
    REQUIRE(sample.labels.size() == 1);
    REQUIRE(sample.labels[0].first == "status");
    counted[sample.labels[0].second] = sample.value;
  }
  CHECK(counted == std::map<std::string, double>{{"none", 3}, {"200", 6}, {"403", 1}, {"429", 0}});
}

TEST_CASE("check says which credentials systemd gave, and which names it does not know") {
  const Scratch given;
  const std::string nowhere = given.path() + "/nowhere";
  const auto line = [&](const std::map<std::string, std::string>& environment) {
    return check_credentials({}, environment, nowhere).at(0);
  };
  CHECK(line({}).result == CheckResult::ok);
  CHECK_THAT(line({}).detail, ContainsSubstring("none from systemd"));
  CHECK(line({{"CREDENTIALS_DIRECTORY", given.path()}}).detail == "systemd gave none");
  given.file("credentials_api_key", "sk_test_hush");
  given.file("workos_webhook_secret", "whsec_hush");
  CHECK(line({{"CREDENTIALS_DIRECTORY", given.path()}}).result == CheckResult::ok);
  CHECK(line({{"CREDENTIALS_DIRECTORY", given.path()}}).detail ==
        "systemd gave credentials_api_key, workos_webhook_secret");

  given.file("apikey", "sk_test_hush");
  const CheckLine misspelt = line({{"CREDENTIALS_DIRECTORY", given.path()}});
  CHECK(misspelt.result == CheckResult::warning);
  CHECK_THAT(misspelt.detail, ContainsSubstring("not used: apikey") && !ContainsSubstring("hush"));
  CHECK_THAT(misspelt.next_step, ContainsSubstring("api_key, workos_webhook_secret, database_password"));

  const CheckLine lost = line({{"CREDENTIALS_DIRECTORY", nowhere}});
  CHECK(lost.result == CheckResult::failed);
  CHECK(lost.code == ExitCode::misconfigured);
}

TEST_CASE("check tells of a credential that none of several environments uses") {
  const Scratch given;
  Config config;
  for (const char* name : {"production", "staging"}) config.environments.emplace_back().sync.environment = name;
  given.file("credentials_api_key.production", "sk_p");
  given.file("workos_webhook_secret.staging", "whsec_s");
  given.file("database_password", "sesame");
  const auto line = [&] {
    return check_credentials(config, {{"CREDENTIALS_DIRECTORY", given.path()}}, "/nowhere").at(0);
  };
  CHECK(line().result == CheckResult::ok);

  // What was the key of the only environment is nobody's now.
  given.file("credentials_api_key", "sk_old");
  CHECK(line().result == CheckResult::warning);
  CHECK_THAT(line().detail, ContainsSubstring("not used: credentials_api_key"));
  CHECK_THAT(line().next_step, ContainsSubstring("api_key.production, api_key.staging"));
}

TEST_CASE("check names files of secrets that others may read") {
  const Scratch scratch;
  const Scratch source;
  Config config;
  config.api_key_file = mode_of(scratch.file("key", "sk_test_hush"), 0600);
  source.file("workos_webhook_secret", "whsec_hush");
  const std::string laid_down = mode_of(source.path() + "/workos_webhook_secret", 0400);
  CHECK(check_credentials(config, {}, source.path()).size() == 1);

  mode_of(config.api_key_file, 0640);
  auto lines = check_credentials(config, {}, source.path());
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].result == CheckResult::warning);
  CHECK_THAT(lines[1].detail, ContainsSubstring(config.api_key_file + " has mode 640: its group may use it"));
  CHECK(lines[1].next_step == "chmod 600 " + config.api_key_file);

  mode_of(laid_down, 0444);
  lines = check_credentials(config, {}, source.path());
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[1].detail + lines[2].detail, ContainsSubstring(laid_down + " has mode 444: everybody may use it"));
  CHECK_THAT(lines[1].detail + lines[2].detail, !ContainsSubstring("hush"));
}

TEST_CASE("check is content without webhooks, and warns where nobody takes a test webhook") {
  ProgramFixture mirror;
  const std::string listen = listen_setting();
  const Json without = checked(mirror, "webhook", {listen});
  CHECK(without.at("result") == "ok");
  CHECK_THAT(without.at("detail"), ContainsSubstring("no secret is configured"));
  CHECK_THAT(without.at("next_step"), ContainsSubstring("webhook register"));

  const Json alone = checked(mirror, "webhook", {listen, secret});
  CHECK(alone.at("result") == "warning");
  CHECK_THAT(alone.at("detail"), ContainsSubstring("not tried: no daemon answers at 127.0.0.1:"));

  // A quota is told of beside it.
  CHECK(checked(mirror, "quota", {listen}).at("result") == "warning");  // 1,000 a second, as all tests run
  CHECK(checked(mirror, "quota", {listen, "AUTHKIT_MIRROR_API_MAX_REQUESTS_PER_SECOND=20"}).at("result") == "ok");
}

TEST_CASE("check sends the running daemon a signed webhook, and says what became of it") {
  ProgramFixture mirror;
  const std::string listen = listen_setting();
  auto daemon = mirror.start({"run"}, {listen, secret});
  REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
  const Json taken = checked(mirror, "webhook", {listen, secret});
  CHECK(taken.at("result") == "ok");
  CHECK_THAT(taken.at("detail"), ContainsSubstring("/webhooks/workos took a signed event"));
  CHECK(mirror.database().count("SELECT count(*) FROM workos.events WHERE type = 'authkit_mirror.test'") == 1);

  const std::vector<std::string> another{listen, "WORKOS_WEBHOOK_SECRET=whsec_other"};
  const Json refused = checked(mirror, "webhook", another);
  CHECK(refused.at("result") == "failed");
  CHECK_THAT(refused.at("detail"), ContainsSubstring("answered 401"));
  CHECK_THAT(refused.at("next_step"), ContainsSubstring("this endpoint's secret"));
  CHECK(mirror.run({"check"}, another).code == 77);

  const std::string second = listen_setting();
  auto standby = mirror.start({"run"}, {second, secret});
  REQUIRE(wait_until([&] { return standby->role() == "standby"; }));
  const Json waiting = checked(mirror, "webhook", {second, secret});
  CHECK(waiting.at("result") == "warning");
  CHECK_THAT(waiting.at("detail"), ContainsSubstring("does not write now (standby)"));
}

TEST_CASE("check does not call it an error that webhooks are taken from others only") {
  ProgramFixture mirror;
  const std::vector<std::string> settings{listen_setting(), secret, "AUTHKIT_MIRROR_WEBHOOK_ALLOW=192.0.2.1"};
  auto daemon = mirror.start({"run"}, settings);
  REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
  const Json line = checked(mirror, "webhook", settings);
  CHECK(line.at("result") == "warning");
  CHECK_THAT(line.at("detail"), ContainsSubstring("not tried from here: webhook.allow leaves out this host"));
  CHECK_THAT(line.at("next_step"), ContainsSubstring("webhook test"));
  CHECK(mirror.run({"check"}, settings).code == 0);
}

TEST_CASE("check reads events too, and says what a key without that permission or an unknown type means") {
  ProgramFixture mirror;
  CHECK(checked(mirror, "events", {}).at("result") == "ok");

  const Json unknown = checked(mirror, "events", {"AUTHKIT_MIRROR_EVENTS_ALSO=session.created,made.up,no.such"});
  CHECK(unknown.at("result") == "warning");
  CHECK_THAT(unknown.at("detail"), ContainsSubstring("made.up, no.such") && !ContainsSubstring("session.created"));
  CHECK_THAT(unknown.at("next_step"), ContainsSubstring("events.also"));

  mirror.workos.arm({.name = "403-one-list", .target = "/events", .count = -1});
  const Json refused = checked(mirror, "events", {});
  CHECK(refused.at("result") == "failed");
  CHECK_THAT(refused.at("detail"), ContainsSubstring("403"));
  CHECK_THAT(refused.at("next_step"), ContainsSubstring("permission to read events"));
  CHECK(checked(mirror, "stream users", {}).at("result") == "ok");
  CHECK(mirror.run({"check"}).code == 77);
}

TEST_CASE("check advises what one of several environments can take") {
  Config config;
  config.sync.environment = "staging";
  const CheckLine only = check_key_form(config);
  CHECK_THAT(only.next_step, ContainsSubstring("WORKOS_API_KEY"));
  SystemClock clock;
  CHECK_THAT(check_webhook(config, clock).next_step, ContainsSubstring("https://HOST/webhooks/workos --secret-file"));

  config.section = "environments.staging.";
  const CheckLine key = check_key_form(config);
  CHECK(key.code == ExitCode::misconfigured);
  CHECK_THAT(key.next_step, ContainsSubstring("environments.staging.api.key_file") &&
                                ContainsSubstring("AUTHKIT_MIRROR_ENVIRONMENTS_STAGING_API_KEY") &&
                                ContainsSubstring("credentials/api_key.staging") &&
                                !ContainsSubstring("WORKOS_API_KEY"));
  CHECK_THAT(check_webhook(config, clock).next_step,
             ContainsSubstring("https://HOST/webhooks/workos/staging --environment staging"));
}
