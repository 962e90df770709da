// Several environments in one configuration: what each has of its own, and what they may not have in common.

#include "app/config.hpp"
#include "app/config_report.hpp"
#include "support/error.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::app;
using test::Scratch;
using Variables = std::map<std::string, std::string>;

namespace {

Config load(const std::string& toml, Variables variables = {}, std::vector<std::string> flags = {}) {
  const Scratch scratch;
  return load_config({scratch.file("mirror.toml", toml), std::move(variables), std::move(flags)});
}

std::string refusal(const std::string& toml, Variables variables = {}, std::vector<std::string> flags = {}) {
  try {
    load(toml, std::move(variables), std::move(flags));
  } catch (const Error& error) {
    REQUIRE(error.fault() == Fault::misconfigured);
    return error.what();
  }
  FAIL("the configuration was accepted");
  return {};
}

/// The words of a usage error.
std::string usage(const Config& config) {
  try {
    wanted_environment(config);
  } catch (const Error& error) {
    REQUIRE(error.fault() == Fault::usage);
    return std::string{error.what()} + "; " + error.next_step();
  }
  FAIL("an environment was found");
  return {};
}

const Config& find(const Config& config, const std::string& name) {
  for (const Config& each : config.environments) {
    if (each.sync.environment == name) return each;
  }
  FAIL("there is no environment " + name);
  return config;
}

const std::string two = "[environments.production]\n[environments.staging]\n";
const std::string keys_of_two = "AUTHKIT_MIRROR_ENVIRONMENTS_";

}  // namespace

TEST_CASE("an environment has what stands in its section, else what stands outside, else the default") {
  const Config config = load(
      "[health]\nmax_lag = \"7m\"\n[database]\nschema = \"both\"\n"
      "[environments.production.brake]\nmax_count = 7\nmin_count = 3\n"
      "[environments.staging.streams.users]\nsweep_interval = \"5m\"\n"
      "[environments.staging.api]\nbase_url = \"https://staging.example\"\n");
  REQUIRE(config.environments.size() == 2);
  const Config& production = find(config, "production");
  const Config& staging = find(config, "staging");
  REQUIRE(production.sync.brake.max_count == 7);
  REQUIRE(staging.sync.brake.max_count == 500);
  REQUIRE(staging.sync.streams.at("users").sweep_interval == std::chrono::minutes{5});
  REQUIRE(production.api.base_url == "https://api.workos.com");
  REQUIRE(staging.api.base_url == "https://staging.example");
  for (const Config& each : config.environments) {
    REQUIRE(each.sync.health_max_lag == std::chrono::minutes{7});
    REQUIRE(each.database.schema == "both");
  }
}

TEST_CASE("a later source wins also over an environment's own section, and within one source the section does") {
  const std::string toml = "[environments.staging.brake]\nmax_count = 100\n";
  REQUIRE(find(load(toml, {}, {"brake.max_count=200"}), "staging").sync.brake.max_count == 200);
  const std::string own = "environments.staging.brake.max_count=300";
  REQUIRE(find(load(toml, {}, {own, "brake.max_count=200"}), "staging").sync.brake.max_count == 300);
  const Variables variables{{"AUTHKIT_MIRROR_ENVIRONMENTS_STAGING_BRAKE_MAX_COUNT", "400"}};
  REQUIRE(find(load(toml, variables), "staging").sync.brake.max_count == 400);
}

TEST_CASE("variables alone can make environments, and name those of the file whatever their hyphens") {
  const Config made =
      load("", {{keys_of_two + "PRODUCTION_API_KEY", "sk_p"}, {keys_of_two + "STAGING_API_KEY", "sk_s"}});
  REQUIRE(find(made, "production").api.key.expose() == "sk_p");
  REQUIRE(find(made, "staging").api.key.expose() == "sk_s");
  const Config named = load("[environments.eu-west]\n", {{keys_of_two + "EU_WEST_API_KEY", "sk_eu"}});
  REQUIRE(find(named, "eu-west").api.key.expose() == "sk_eu");
}

TEST_CASE("each environment's secrets come from its own file or credential") {
  const Scratch scratch;
  const std::string file = scratch.file("key", "sk_file\n");
  scratch.file("credentials_api_key.staging", "sk_credential\n");
  scratch.file("credentials_workos_webhook_secret.staging", "whsec_s\n");
  scratch.file("credentials_database_password", "sesame\n");
  const Config config = load("[environments.production.api]\nkey_file = \"" + file + "\"\n[environments.staging]\n",
                             {{"CREDENTIALS_DIRECTORY", scratch.path()}});
  REQUIRE(find(config, "production").api.key.expose() == "sk_file");
  REQUIRE(find(config, "production").webhook.secrets.empty());
  REQUIRE(find(config, "staging").api.key.expose() == "sk_credential");
  REQUIRE(find(config, "staging").webhook.secrets.size() == 1);
  REQUIRE(find(config, "staging").database.password.expose() == "sesame");
}

TEST_CASE("a key belongs to one environment, and the name of the only one to none of several") {
  REQUIRE_THAT(refusal(two, {{"WORKOS_API_KEY", "sk_hush"}}),
               ContainsSubstring("WORKOS_API_KEY: api.key belongs to one environment") && !ContainsSubstring("hush"));
  REQUIRE_THAT(refusal(two, {{"WORKOS_WEBHOOK_SECRET", "hush"}}), ContainsSubstring("webhook.secret belongs to one"));
  REQUIRE_THAT(refusal("environment = \"x\"\n" + two), ContainsSubstring(":1: environment = x names the only"));
  const std::string same = refusal(two, {{keys_of_two + "PRODUCTION_API_KEY", "sk_hush"},
                                         {keys_of_two + "STAGING_API_KEY", "sk_hush"},
                                         {keys_of_two + "PRODUCTION_WEBHOOK_SECRET", "whsec_hush,whsec_old"},
                                         {keys_of_two + "STAGING_WEBHOOK_SECRET", "whsec_hush"}});
  REQUIRE_THAT(same, ContainsSubstring("production and staging have the same API key"));
  REQUIRE_THAT(same, ContainsSubstring("production and staging have a webhook secret in common"));
  REQUIRE_THAT(same, !ContainsSubstring("hush"));
}

TEST_CASE("what is wrong with environments is told at once, with the nearest name") {
  const std::string message = refusal(
      "[environments.staging.brake]\nmax_cuont = 1\n[environments.production.database]\nschema = \"x\"\n"
      "[environments.production.api]\nkey = \"sk_hush\"\n"
      "[environments.\"EU.West\".api]\n[environments.eu-1]\n[environments.eu_1.brake]\nmax_count = -1\n",
      {}, {"environments.stagng.sync.parallel=1", "environments.staging.brake.min_count=600"});
  REQUIRE_THAT(message, ContainsSubstring("unknown key \"environments.staging.brake.max_cuont\", did you mean "
                                          "\"environments.staging.brake.max_count\"?"));
  REQUIRE_THAT(message, ContainsSubstring("all environments have database.schema in common"));
  REQUIRE_THAT(message, ContainsSubstring("credentials/api_key.production for systemd, or into the environment "
                                          "variable AUTHKIT_MIRROR_ENVIRONMENTS_PRODUCTION_API_KEY"));
  REQUIRE_THAT(message, ContainsSubstring("[environments.EU.West]: allowed as a name"));
  REQUIRE_THAT(message, ContainsSubstring("eu-1 and eu_1 can't be told apart"));
  REQUIRE_THAT(message, ContainsSubstring("environments.eu_1.brake.max_count = -1 is not allowed"));
  REQUIRE_THAT(message, ContainsSubstring("no [environments.stagng], did you mean \"staging\"?"));
  REQUIRE_THAT(message, ContainsSubstring("environments.staging.brake.min_count = 600 is above"));
  REQUIRE_THAT(message, !ContainsSubstring("hush"));
}

TEST_CASE("a flag chooses an environment, and without one a command about one asks for it") {
  REQUIRE(wanted_environments(load(two)).size() == 2);
  REQUIRE_THAT(usage(load(two)), ContainsSubstring("production, staging"));
  const Config chosen = load(two, {}, {"environment=staging"});
  REQUIRE(wanted_environment(chosen).sync.environment == "staging");
  REQUIRE_THAT(usage(load(two, {}, {"environment=elsewhere"})),
               ContainsSubstring("no environment elsewhere") && ContainsSubstring("production, staging"));
  REQUIRE(wanted_environment(load("[environments.only]\n")).sync.environment == "only");
  REQUIRE(wanted_environment(load("", {}, {"environment=other"})).sync.environment == "other");
}

TEST_CASE("an environment without a key says where its key belongs") {
  REQUIRE_THROWS_WITH(require_api_key(find(load(two), "staging")), ContainsSubstring("for the environment staging"));
}

TEST_CASE("the report shows each environment's values with where they come from") {
  const std::string table = to_table(
      effective_values(load("[health]\nmax_lag = \"7m\"\n[environments.staging.brake]\nmax_count = 7\nmin_count = 1\n",
                            {{keys_of_two + "STAGING_API_KEY", "sk_hush"}})));
  REQUIRE_THAT(table, ContainsSubstring("environments.staging.brake.max_count") && ContainsSubstring("mirror.toml:4"));
  REQUIRE_THAT(table, ContainsSubstring("environments.staging.health.max_lag") && ContainsSubstring("mirror.toml:2"));
  REQUIRE_THAT(table, ContainsSubstring("AUTHKIT_MIRROR_ENVIRONMENTS_STAGING_API_KEY"));
  REQUIRE_THAT(table, ContainsSubstring("\ndatabase.schema "));
  REQUIRE_THAT(table, !ContainsSubstring("\nbrake.max_count") && !ContainsSubstring("\nenvironment "));
  REQUIRE_THAT(table, !ContainsSubstring("hush"));
}
