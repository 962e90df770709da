#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/streams.hpp"
#include "tests/harness/child_process.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/truth_comparison.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/http/raw_client.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::test {

/// How a run of the program ended, and all that it printed, results and log together.
struct Ending {
  int code = 0;
  std::string output;
};

/// `authkit-mirror` with arguments, as a process of its own.
class Program {
 public:
  Program(const std::vector<std::string>& arguments, const std::vector<std::string>& environment)
      : output_(directory_.path() / "output"),
        process_(with_program(arguments), {.output = output_, .environment = environment}) {}

  [[nodiscard]] std::string output() const {
    std::ifstream in(output_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] bool has_printed(const std::string& text) const { return output().find(text) != std::string::npos; }
  Ending end() { return {process_.wait(), output()}; }
  harness::ChildProcess& process() { return process_; }

  /// The answer of a daemon's own HTTP server.
  [[nodiscard]] Answer ask(const std::string& path) const { return test::ask(port(), "GET", path); }
  [[nodiscard]] std::string role() const {
    const auto health = nlohmann::json::parse(ask("/healthz").body, nullptr, false);
    return health.is_object() ? health.value("role", "") : "";
  }

  /// Where that server listens.
  [[nodiscard]] unsigned short port() const {
    const std::string mark = "health at http://127.0.0.1:";
    if (!harness::wait_until([&] { return has_printed(mark); })) throw std::runtime_error("no listener: " + output());
    const std::string all = output();
    return static_cast<unsigned short>(std::stoi(all.substr(all.find(mark) + mark.size())));
  }

 private:
  static std::vector<std::string> with_program(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{BINARY_DIR "/authkit-mirror"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  harness::TemporaryDirectory directory_;
  std::filesystem::path output_;
  harness::ChildProcess process_;
};

/// A simulated directory and a database, and the program between them.
class ProgramFixture {
 public:
  explicit ProgramFixture(simulator::SimulatorOptions options = small(), harness::Way way = harness::Way::direct,
                          harness::Content content = harness::Content::nothing)
      : workos(std::move(options)), access_(way, content) {
    workos.start();
  }

  static simulator::SimulatorOptions small() {
    return {.directory = {.organizations = 5, .users = 120, .memberships = 150, .invitations = 30}};
  }

  simulator::Simulator workos;
  harness::TestDatabase& database() { return access_.database(); }
  [[nodiscard]] bool is_pooled() const { return access_.connect().is_pooled(); }

  /// What every run gets; a later entry of the same name does not count.
  [[nodiscard]] std::vector<std::string> environment() const {
    return {"DATABASE_URL=" + access_.options().url, "WORKOS_BASE_URL=" + workos.url(),
            "WORKOS_API_KEY=" + workos.options().api_key, "AUTHKIT_MIRROR_HTTP_LISTEN=127.0.0.1:0",
            "AUTHKIT_MIRROR_API_MAX_REQUESTS_PER_SECOND=1000"};
  }
  std::unique_ptr<Program> start(const std::vector<std::string>& arguments, std::vector<std::string> first = {}) const {
    const auto usual = environment();
    first.insert(first.end(), usual.begin(), usual.end());
    return std::make_unique<Program>(arguments, first);
  }
  Ending run(const std::vector<std::string>& arguments, std::vector<std::string> first = {}) const {
    return start(arguments, std::move(first))->end();
  }

  std::vector<std::string> differences() {
    std::vector<std::string> all;
    for (const auto* table : all_tables()) {
      const auto found = harness::differences(database(), *table, workos.truth(table->name));
      all.insert(all.end(), found.begin(), found.end());
    }
    return all;
  }
  std::string holder() { return database().value("SELECT coalesce(holder, '') FROM workos.lease"); }
  std::int64_t certified() {
    return database().count("SELECT count(DISTINCT stream) FROM workos.snapshots WHERE state = 'certified'");
  }

 private:
  harness::DatabaseAccess access_;
};

}  // namespace mirror::test
