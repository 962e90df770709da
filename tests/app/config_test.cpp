#include "app/config.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "app/config_report.hpp"
#include "app/option_table.hpp"
#include "support/error.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::app;
using namespace std::chrono_literals;
using test::Scratch;

namespace {

Config load(const std::string& toml, std::map<std::string, std::string> environment = {},
            std::vector<std::string> flags = {}) {
  const Scratch scratch;
  return load_config({scratch.file("mirror.toml", toml), std::move(environment), std::move(flags)});
}

/// The message of the error that loading must end with.
std::string refusal(const std::string& toml, std::map<std::string, std::string> environment = {},
                    std::vector<std::string> flags = {}) {
  try {
    load(toml, std::move(environment), std::move(flags));
  } catch (const Error& error) {
    REQUIRE(error.fault() == Fault::misconfigured);
    return error.what();
  }
  FAIL("the configuration was accepted");
  return {};
}

}  // namespace

TEST_CASE("without any source the defaults hold") {
  const Config config = load("");
  REQUIRE(config.api.base_url == "https://api.workos.com");
  REQUIRE(config.sync.environment == "default");
  REQUIRE(config.http.listen == "127.0.0.1:8464");
  REQUIRE(config.given.empty());
}

TEST_CASE("the environment wins over the file, a flag over both, and a long name over a usual one") {
  const std::string toml = "[database]\nschema = \"file\"\n[api]\nbase_url = \"https://file.example\"\n";
  REQUIRE(load(toml).database.schema == "file");
  REQUIRE(load(toml, {{"AUTHKIT_MIRROR_DATABASE_SCHEMA", "env"}}).database.schema == "env");
  REQUIRE(load(toml, {{"AUTHKIT_MIRROR_DATABASE_SCHEMA", "env"}}, {"database.schema=flag"}).database.schema == "flag");
  REQUIRE(load(toml, {{"WORKOS_BASE_URL", "https://usual.example"}}).api.base_url == "https://usual.example");
  REQUIRE(load(toml,
               {{"WORKOS_BASE_URL", "https://usual.example"}, {"AUTHKIT_MIRROR_API_BASE_URL", "https://long.example"}})
              .api.base_url == "https://long.example");
  REQUIRE(load("", {{"DATABASE_URL", "postgresql:///other"}}).database.url == "postgresql:///other");
}

TEST_CASE("values of every type arrive in their place") {
  const Config config = load(
      "environment = \"staging\"\n"
      "[api]\nmax_requests_per_second = 12.5\ntimeout = \"500ms\"\n",
      {}, {"api.timeout=2s"});
  REQUIRE(config.sync.environment == "staging");
  REQUIRE(config.api.max_requests_per_second == 12.5);
  REQUIRE(config.api.timeout == 2s);
  const Config more = load(
      "[streams.users]\nenabled = false\nsweep_interval = \"90d\"\nsweep_jitter = 0\n"
      "[brake]\nmax_count = 7\nmin_count = 3\nmax_percent = 1.5\nwindow = \"5m\"\n[sync]\nparallel = 4\n");
  REQUIRE_FALSE(more.sync.streams.at("users").enabled);
  REQUIRE(more.sync.streams.at("users").sweep_interval == 90 * 24h);
  REQUIRE(more.sync.brake.max_count == 7);
  REQUIRE(more.sync.brake.max_percent == 1.5);
  REQUIRE(more.sync.parallel == 4);
  REQUIRE(load("[sync]\nparallel = \"auto\"\n").sync.parallel == 0);
  REQUIRE(load("[database]\nprepared = false\n").database.prepared == db::PreparedStatements::off);
}

TEST_CASE("all problems are reported at once, with place, key, value and what is allowed") {
  const std::string message = refusal(
      "[sync]\nparalel = 2\nparallel = 100\n\n[streams.users]\nsweep_interval = \"-1h\"\n[log]\nlevel = \"loud\"\n",
      {{"AUTHKIT_MIRROR_LEASE_TTL", "15"}}, {"brake.max_percent=101", "health"});
  REQUIRE_THAT(message, ContainsSubstring("6 problems") || ContainsSubstring("7 problems"));
  REQUIRE_THAT(message, ContainsSubstring(":2: unknown key \"sync.paralel\", did you mean \"sync.parallel\"?"));
  REQUIRE_THAT(message, ContainsSubstring(
                            ":3: sync.parallel = 100 is not allowed; allowed: a whole number from 1 to 64, or auto"));
  REQUIRE_THAT(
      message,
      ContainsSubstring(":6: streams.users.sweep_interval = -1h is not allowed; allowed: a duration from 1s to 365d"));
  REQUIRE_THAT(message, ContainsSubstring("log.level = loud is not allowed; allowed: trace, or debug"));
  REQUIRE_THAT(message, ContainsSubstring("AUTHKIT_MIRROR_LEASE_TTL: lease.ttl = 15 is not allowed"));
  REQUIRE_THAT(message, ContainsSubstring("command line: brake.max_percent = 101"));
  REQUIRE_THAT(message, ContainsSubstring("key=value"));
}

TEST_CASE("an unknown key suggests the nearest one, and none where none is near") {
  REQUIRE_THAT(refusal("[databse]\nurl = \"x\"\n"), ContainsSubstring("did you mean \"database.url\"?"));
  REQUIRE_THAT(refusal("[streams.user]\nenabled = true\n"),
               ContainsSubstring("did you mean \"streams.users.enabled\"?"));
  REQUIRE_THAT(refusal("colour = \"red\"\n"), !ContainsSubstring("did you mean"));
}

TEST_CASE("bad TOML is reported with line and column") {
  REQUIRE_THAT(refusal("[api]\nbase_url = \n"), ContainsSubstring("mirror.toml:2:"));
}

TEST_CASE("a file that was asked for must be there and readable") {
  REQUIRE_THROWS_AS(load_config({std::string{"/nonexistent/mirror.toml"}, {}, {}}), Error);
  const Scratch scratch;
  REQUIRE_THROWS_AS(load_config({scratch.path(), {}, {}}), Error);
}

TEST_CASE("a secret in the file or on the command line is refused, told where it belongs, and not shown") {
  for (const std::string& message : {refusal("[api]\nkey = \"sk_hush\"\n"), refusal("", {}, {"api.key=sk_hush"}),
                                     refusal("[database]\npassword = \"sk_hush\"\n")}) {
    REQUIRE_THAT(message, ContainsSubstring("credentials/"));
    REQUIRE_THAT(message, !ContainsSubstring("sk_hush"));
  }
}

TEST_CASE("a malformed secret is refused without being shown") {
  const std::string message = refusal("", {{"WORKOS_API_KEY", "sk_hush\nX-Forged: 1"}});
  REQUIRE_THAT(message, ContainsSubstring("api.key = ***"));
  REQUIRE_THAT(message, !ContainsSubstring("hush"));
}

TEST_CASE("the key comes from the environment, a file, or systemd's credentials") {
  const Scratch scratch;
  const std::string file = scratch.file("key", "sk_from_file\n");
  scratch.file("credentials_api_key", "sk_from_credential\n");
  const std::string toml = "[api]\nkey_file = \"" + file + "\"\n";
  const std::map<std::string, std::string> systemd{{"CREDENTIALS_DIRECTORY", scratch.path()}};
  REQUIRE(load("", {{"WORKOS_API_KEY", "sk_from_env"}}).api.key.expose() == "sk_from_env");
  REQUIRE(load(toml).api.key.expose() == "sk_from_file");
  REQUIRE(load("", systemd).api.key.expose() == "sk_from_credential");
  REQUIRE(load(toml, systemd).api.key.expose() == "sk_from_file");
  REQUIRE(load(toml, {{"WORKOS_API_KEY", "sk_from_env"}}).api.key.expose() == "sk_from_env");
  REQUIRE(load("", {{"WORKOS_API_KEY", "sk_from_env"}}, {"api.key_file=" + file}).api.key.expose() == "sk_from_file");
}

TEST_CASE("credentials are taken by their plain name too") {
  const Scratch scratch;
  scratch.file("database_password", "open sesame\r\n");
  REQUIRE(load("", {{"CREDENTIALS_DIRECTORY", scratch.path()}}).database.password.expose() == "open sesame");
}

namespace {

std::vector<std::string> webhook_secrets(const Config& config) {
  std::vector<std::string> secrets;
  for (const Secret& secret : config.webhook.secrets) secrets.push_back(secret.expose());
  return secrets;
}

}  // namespace

TEST_CASE("webhook secrets come from the environment, a file, or systemd's credentials, several during a rotation") {
  using Secrets = std::vector<std::string>;
  const Scratch scratch;
  const std::string file = scratch.file("secrets", "new\n old\r\n\n");
  scratch.file("credentials_workos_webhook_secret", "from_credential\n");
  const std::string toml = "[webhook]\nsecret_file = \"" + file + "\"\n";
  const std::map<std::string, std::string> systemd{{"CREDENTIALS_DIRECTORY", scratch.path()}};
  REQUIRE(webhook_secrets(load("")).empty());
  REQUIRE(webhook_secrets(load("", {{"WORKOS_WEBHOOK_SECRET", "one"}})) == Secrets{"one"});
  REQUIRE(webhook_secrets(load("", {{"WORKOS_WEBHOOK_SECRET", "one, two"}})) == Secrets{"one", "two"});
  REQUIRE(webhook_secrets(load(toml)) == Secrets{"new", "old"});
  REQUIRE(webhook_secrets(load("", systemd)) == Secrets{"from_credential"});
  REQUIRE(webhook_secrets(load(toml, systemd)) == Secrets{"new", "old"});
}

TEST_CASE("an empty webhook secret is refused without being shown, told what is allowed") {
  const Scratch scratch;
  for (const std::string& message :
       {refusal("", {{"WORKOS_WEBHOOK_SECRET", "hush,,hush2"}}), refusal("", {{"WORKOS_WEBHOOK_SECRET", "hush,"}}),
        refusal("", {{"WORKOS_WEBHOOK_SECRET", "hush hush"}}), refusal("", {{"AUTHKIT_MIRROR_WEBHOOK_SECRET", ""}}),
        refusal("[webhook]\nsecret_file = \"" + scratch.file("blank", " \n \n") + "\"\n")}) {
    REQUIRE_THAT(message, ContainsSubstring("webhook.secret = ***"));
    REQUIRE_THAT(message, ContainsSubstring("dashboard"));
    REQUIRE_THAT(message, !ContainsSubstring("hush"));
  }
  REQUIRE_THAT(refusal("[webhook]\nsecret_file = \"" + scratch.file("empty", "") + "\"\n"),
               ContainsSubstring("is empty"));
  const std::string misplaced = refusal("[webhook]\nsecret = \"hush\"\n");
  REQUIRE_THAT(misplaced, ContainsSubstring("webhook.secret_file") && ContainsSubstring("WORKOS_WEBHOOK_SECRET"));
}

TEST_CASE("an address for webhooks needs a secret") {
  const std::map<std::string, std::string> environment{{"WORKOS_WEBHOOK_SECRET", "one"}};
  REQUIRE(load("", environment, {"webhook.listen=[::1]:9000"}).webhook.listen == "[::1]:9000");
  REQUIRE_THAT(refusal("", {}, {"webhook.listen=[::1]:9000"}), ContainsSubstring("webhook.secret_file"));
  REQUIRE_THAT(refusal("", environment, {"webhook.listen=9000"}), ContainsSubstring("webhook.listen = 9000"));
}

TEST_CASE("addresses that may send webhooks, and the tolerance, are read strictly") {
  const Config config = load("[webhook]\nallow = \"192.0.2.0/24, ::1\"\ntolerance = \"5m\"\n");
  REQUIRE(config.webhook.allow.contains("192.0.2.7"));
  REQUIRE_FALSE(config.webhook.allow.contains("127.0.0.1"));
  REQUIRE(config.webhook.tolerance == 5min);
  REQUIRE_THAT(refusal("[webhook]\nallow = \"workos.com\"\n"), ContainsSubstring("2001:db8::/32"));
  REQUIRE_THAT(refusal("[webhook]\ntolerance = \"999ms\"\n"), ContainsSubstring("from 1s to 1h"));
}

TEST_CASE("how events are followed can be set, down to 50 ms") {
  const Config config = load(
      "[events]\npoll_interval = \"50ms\"\nidle_interval = \"75ms\"\nretention = \"30d\"\narchive = \"365d\"\n"
      "also = \"session.created, authentication.sso_failed\"\n");
  REQUIRE(config.sync.events.poll_interval == 50ms);
  REQUIRE(config.sync.events.idle_interval == 75ms);
  REQUIRE(config.sync.events.retention == 30 * 24h);
  REQUIRE(config.sync.events.archive == 365 * 24h);
  REQUIRE(config.sync.events.also == std::vector<std::string>{"session.created", "authentication.sso_failed"});
  REQUIRE_THAT(refusal("", {}, {"events.poll_interval=49ms"}), ContainsSubstring("from 50ms to 1h"));
  for (const char* wrong :
       {"session", "Session.created", "session.", ".created", "a..b", "session.created,", "a.b c.d"}) {
    REQUIRE_THAT(refusal("", {}, {std::string{"events.also="} + wrong}), ContainsSubstring("events.also = "));
  }
}

TEST_CASE("a key file that is missing or empty is a problem that names it") {
  const Scratch scratch;
  REQUIRE_THAT(refusal("[api]\nkey_file = \"/nonexistent/key\"\n"), ContainsSubstring("/nonexistent/key"));
  REQUIRE_THAT(refusal("[api]\nkey_file = \"" + scratch.file("empty", "\n") + "\"\n"), ContainsSubstring("is empty"));
}

TEST_CASE("a secret in the wrong place is not shown") {
  const auto key = refusal("[api]\nkey_file = \"sk_live_precious\"\n");
  REQUIRE_THAT(key, ContainsSubstring("api.key_file = "));
  REQUIRE_THAT(key, !ContainsSubstring("precious"));
  const auto url = refusal("[api]\nbase_url = \"https://me:precious@proxy.example\"\n");
  REQUIRE_THAT(url, ContainsSubstring("api.base_url = "));
  REQUIRE_THAT(url, !ContainsSubstring("precious"));
}

TEST_CASE("memberships can't be mirrored without the organizations that list them") {
  REQUIRE_THAT(refusal("[streams.organizations]\nenabled = false\n"),
               ContainsSubstring("streams.organization_memberships"));
  REQUIRE_NOTHROW(
      load("[streams.organizations]\nenabled = false\n[streams.organization_memberships]\nenabled = false\n"));
}

TEST_CASE("a missing key is a problem only for what needs it") {
  REQUIRE_THROWS_AS(require_api_key(load("")), Error);
  REQUIRE_NOTHROW(require_api_key(load("", {{"WORKOS_API_KEY", "sk_x"}})));
}

TEST_CASE("what is set is remembered without secrets") {
  const Config config = load("", {{"WORKOS_API_KEY", "sk_hush"}, {"DATABASE_URL", "postgresql://u:hush@h/d"}});
  for (const auto& [key, value] : config.given) REQUIRE_THAT(value.shown, !ContainsSubstring("hush"));
}

TEST_CASE("every key is shown with the value that counts and where that comes from, secrets hidden") {
  const Config config = load("[api]\ntimeout = \"5s\"\n", {{"WORKOS_API_KEY", "sk_hush"},
                                                           {"DATABASE_URL", "postgresql://u:hush@h/d?sslmode=require"},
                                                           {"AUTHKIT_MIRROR_LOG_LEVEL", "debug"}});
  const auto values = effective_values(config);
  REQUIRE(values.size() == option_table().size());
  const auto shown = [&](const std::string& key) {
    const auto found = std::ranges::find(values, key, &EffectiveValue::key);
    return found->value + " from " + found->from;
  };
  REQUIRE_THAT(shown("api.timeout"), ContainsSubstring("5s from /") && ContainsSubstring("mirror.toml:2"));
  REQUIRE(shown("api.key") == "*** from WORKOS_API_KEY");
  for (const char* part : {"user=u", "password=***", "host=h", "dbname=d", "sslmode=require", " from DATABASE_URL"}) {
    REQUIRE_THAT(shown("database.url"), ContainsSubstring(part));
  }
  REQUIRE(shown("log.level") == "debug from AUTHKIT_MIRROR_LOG_LEVEL");
  REQUIRE(shown("lease.ttl") == "15s from default");
  for (const auto& text : {to_table(values), to_json(values)}) REQUIRE_THAT(text, !ContainsSubstring("hush"));
}

TEST_CASE("plain http to another host and a misspelt variable are warnings") {
  REQUIRE(load("", {{"WORKOS_BASE_URL", "http://127.0.0.1:4100"}}).warnings.empty());
  REQUIRE(load("", {{"WORKOS_BASE_URL", "http://workos.example"}}).warnings.size() == 1);
  const auto warnings = load("", {{"AUTHKIT_MIRROR_SYNC_PARALEL", "2"}}).warnings;
  REQUIRE(warnings.size() == 1);
  REQUIRE_THAT(warnings.front(), ContainsSubstring("AUTHKIT_MIRROR_SYNC_PARALLEL"));
}

TEST_CASE("limits of the brake that contradict each other are refused") {
  REQUIRE_THAT(refusal("[brake]\nmin_count = 600\n"), ContainsSubstring("brake.min_count = 600"));
}

TEST_CASE("the default of every option is what the program does without it") {
  for (const Option& option : option_table()) {
    INFO(option.key);
    if (option.secret || option.default_text.empty()) continue;
    OptionValue value;
    REQUIRE(read_option(option, option.default_text, value).empty());
  }
  std::vector<std::string> defaults;
  for (const Option& option : option_table()) {
    if (!option.secret) defaults.push_back(option.key + "=" + option.default_text);
  }
  const Config implicit = load("");
  const Config explicitly = load("", {}, defaults);
  REQUIRE(explicitly.api.timeout == implicit.api.timeout);
  REQUIRE(explicitly.api.max_requests_per_second == implicit.api.max_requests_per_second);
  REQUIRE(explicitly.database.url == implicit.database.url);
  REQUIRE(explicitly.database.reader_role == implicit.database.reader_role);
  REQUIRE(explicitly.database.migrate == implicit.database.migrate);
  REQUIRE(explicitly.sync.parallel == implicit.sync.parallel);
  REQUIRE(explicitly.sync.streams.at("users").sweep_interval == sync::StreamOptions{}.sweep_interval);
  REQUIRE(explicitly.sync.streams.at("users").sweep_jitter == sync::StreamOptions{}.sweep_jitter);
  REQUIRE(explicitly.sync.brake.max_count == implicit.sync.brake.max_count);
  REQUIRE(explicitly.sync.brake.min_count == implicit.sync.brake.min_count);
  REQUIRE(explicitly.sync.brake.max_percent == implicit.sync.brake.max_percent);
  REQUIRE(explicitly.sync.brake.window == implicit.sync.brake.window);
  REQUIRE(explicitly.sync.health_max_lag == implicit.sync.health_max_lag);
  REQUIRE(explicitly.sync.lease_ttl == implicit.sync.lease_ttl);
  REQUIRE(explicitly.http.listen == implicit.http.listen);
  REQUIRE(explicitly.webhook.tolerance == implicit.webhook.tolerance);
  REQUIRE(explicitly.webhook.allow.empty());
  REQUIRE(explicitly.sync.events.poll_interval == implicit.sync.events.poll_interval);
  REQUIRE(explicitly.sync.events.idle_interval == implicit.sync.events.idle_interval);
  REQUIRE(explicitly.sync.events.retention == implicit.sync.events.retention);
  REQUIRE(explicitly.sync.events.archive == implicit.sync.events.archive);
  REQUIRE(explicitly.sync.events.also == implicit.sync.events.also);
  REQUIRE(explicitly.log.level == implicit.log.level);
}

namespace {

/// The example with each commented key switched on.
std::string switched_on_example() {
  std::ifstream in(PROJECT_DIR "/config/authkit-mirror.toml");
  std::string text;
  for (std::string line; std::getline(in, line);) {
    const bool is_key = line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
    text += (is_key ? line.substr(1) : line) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("the example file names every key with its default and loads cleanly") {
  const std::string toml = switched_on_example();
  const Config config = load(toml);
  for (const Option& option : option_table()) {
    // One section stands for all streams, so that a new stream needs no edit of the example.
    const bool other_stream = option.key.starts_with("streams.") && !option.key.starts_with("streams.users.");
    if (option.secret || other_stream) continue;
    INFO(option.key);
    REQUIRE(config.given.contains(option.key));
    const std::string& shown = config.given.at(option.key).shown;
    REQUIRE((shown == option.default_text || option.key == "database.url"));
  }
  REQUIRE(config.database.url == find_option("database.url")->default_text);
  REQUIRE(config.warnings.empty());
}
