#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/app/program.hpp"
#include "tests/app/scratch.hpp"

namespace mirror::test {

inline simulator::SimulatorOptions staging_options() {
  simulator::SimulatorOptions options{
      .directory = {.organizations = 3, .users = 40, .memberships = 50, .invitations = 12},
      .api_key = "sk_test_staging"};
  options.directory.seed = 77;
  options.webhooks.secret = "whsec_staging";
  return options;
}

/// Two simulated directories of different size, a database, and the program with a configuration of both.
/// `production` is the fixture's own directory.
class TwoEnvironments {
 public:
  explicit TwoEnvironments(harness::Way way = harness::Way::direct) : fixture(ProgramFixture::small(), way) {
    staging.start();
  }

  /// The configuration goes on with `more`.
  std::unique_ptr<Program> start(const std::vector<std::string>& command, const std::string& more = "",
                                 std::vector<std::string> first = {}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--config", write_config(more)});
    first.insert(first.end(), {"WORKOS_API_KEY=", "WORKOS_BASE_URL="});
    return fixture.start(arguments, first);
  }
  Ending run(const std::vector<std::string>& command, const std::string& more = "") {
    return start(command, more)->end();
  }

  std::string write_config(const std::string& more) const {
    return scratch.file("mirror.toml", section("production", fixture.workos) + section("staging", staging) + more);
  }

  std::vector<std::string> differences(const std::string& environment) {
    std::vector<std::string> all;
    for (const auto* table : all_tables()) {
      simulator::Simulator& workos = environment == "staging" ? staging : fixture.workos;
      const auto found =
          harness::differences(fixture.database(), *table, workos.truth(table->name), "workos", environment);
      all.insert(all.end(), found.begin(), found.end());
    }
    return all;
  }
  std::int64_t certified(const std::string& environment) {
    if (fixture.database().value("SELECT to_regclass('workos.snapshots') IS NOT NULL") != "t") return 0;
    return fixture.database().count(
        "SELECT count(DISTINCT stream) FROM workos.snapshots WHERE state = 'certified' "
        "AND _env = '" +
        environment + "'");
  }
  bool are_filled() {
    return harness::wait_until([&] { return certified("production") == 4 && certified("staging") == 4; });
  }
  std::int64_t live(const std::string& table, const std::string& environment) {
    return fixture.database().count("SELECT count(*) FROM workos." + table + "_live WHERE _env = '" + environment +
                                    "'");
  }

  ProgramFixture fixture;
  simulator::Simulator staging{staging_options()};
  const Scratch scratch;

 private:
  [[nodiscard]] std::string section(const std::string& name, const simulator::Simulator& workos) const {
    const std::string key = scratch.file("key_" + name, workos.options().api_key + "\n");
    const std::string secret = scratch.file("secret_" + name, workos.options().webhooks.secret + "\n");
    return "[environments." + name + ".api]\nbase_url = \"" + workos.url() + "\"\nkey_file = \"" + key + "\"\n" +
           "[environments." + name + ".webhook]\nsecret_file = \"" + secret + "\"\n" + "[environments." + name +
           ".events]\nidle_interval = \"100ms\"\npoll_interval = \"100ms\"\n";
  }
};

}  // namespace mirror::test
