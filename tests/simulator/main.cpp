// workos-simulator: the WorkOS API with a made-up directory, for demonstrations, benchmarks and tests in other
// processes.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "support/error.hpp"
#include "tests/simulator/simulator.hpp"

namespace {

using mirror::simulator::Simulator;
using mirror::simulator::SimulatorOptions;

struct CommandLine {
  SimulatorOptions simulator;
  int port = 0;
  std::string until = "2026-01-01T00:00:00Z";
  std::int64_t latency_ms = 0;
  std::int64_t visibility_delay_ms = 0;
  std::int64_t idle_limit_ms = 60'000;
};

void describe(CLI::App& app, CommandLine& line) {
  auto& directory = line.simulator.directory;
  app.add_option("--port", line.port, "Port on 127.0.0.1; 0 picks a free one")->capture_default_str();
  app.add_option("--users", directory.users, "Users to start with")->capture_default_str();
  app.add_option("--organizations", directory.organizations, "Organizations to start with")->capture_default_str();
  app.add_option("--memberships", directory.memberships, "Memberships in all (default: 1.25 per user)");
  app.add_option("--memberships-per-organization", directory.memberships_per_organization,
                 "The same number for each organization, instead of --memberships");
  app.add_option("--invitations", directory.invitations, "Invitations to start with")->capture_default_str();
  app.add_option("--seed", directory.seed, "Which directory: the same seed gives the same one")->capture_default_str();
  app.add_option("--until", line.until, "The directory grew in the two years before this, or before \"now\"")
      ->capture_default_str();
  app.add_option("--api-key", line.simulator.api_key, "The key that the API accepts")->capture_default_str();
  app.add_option("--latency-ms", line.latency_ms, "Wait before each answer")->capture_default_str();
  app.add_option("--rate-limit", line.simulator.rate_limit, "Requests per second before 429; 0: no limit")
      ->capture_default_str();
  app.add_flag("!--no-retry-after", line.simulator.retry_after, "Its 429 does not say when to come back");
  app.add_option("--visibility-delay-ms", line.visibility_delay_ms, "How long new events are held back")
      ->capture_default_str();
  app.add_option("--churn", line.simulator.churn, "Random changes per second")->capture_default_str();
  app.add_flag("--gzip", line.simulator.gzip, "Compress for clients that accept it");
  app.add_option("--idle-limit-ms", line.idle_limit_ms, "Idle connections are closed after that")
      ->capture_default_str();
  app.add_option("--webhook-url", line.simulator.webhooks.url,
                 "Where each event is sent, http://127.0.0.1:PORT/webhooks/workos (default: nowhere)");
  app.add_option("--webhook-secret", line.simulator.webhooks.secret, "The secret that webhooks are signed with")
      ->capture_default_str();
  app.footer(
      "Control endpoints lie under /_simulator; see tests/simulator/README.md.\n"
      "Example: workos-simulator --port 4110 --users 100000 --organizations 500 --churn 5");
}

/// Throws Error (usage).
void complete(CommandLine& line, const CLI::App& app) {
  auto& directory = line.simulator.directory;
  if (app.count("--memberships") == 0) directory.memberships = directory.users + directory.users / 4;
  line.simulator.latency = std::chrono::milliseconds{line.latency_ms};
  line.simulator.visibility_delay = std::chrono::milliseconds{line.visibility_delay_ms};
  line.simulator.idle_limit = std::chrono::milliseconds{line.idle_limit_ms};
  if (line.until == "now") {
    directory.until = mirror::simulator::SimulatedClock{}.now();
    return;
  }
  const auto until = mirror::parse_instant(line.until);
  if (!until) {
    throw mirror::Error(mirror::Fault::usage, "--until " + line.until + " is no time",
                        "Write it as 2026-01-01T00:00:00Z, or write now.");
  }
  directory.until = *until;
}

/// Blocks SIGINT and SIGTERM in all threads, so that only the main thread takes them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void run(const CommandLine& line) {
  const sigset_t signals = block_signals();
  Simulator simulator(line.simulator);
  simulator.start(line.port);
  std::cout << "listening on " << simulator.url() << std::endl;  // flushed: scripts wait for this line
  int signal = 0;
  sigwait(&signals, &signal);
  simulator.stop();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"workos-simulator: a made-up WorkOS environment on this machine"};
  CommandLine line;
  describe(app, line);
  try {
    app.parse(argc, argv);
    complete(line, app);
    run(line);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(mirror::ExitCode::usage);
  } catch (const mirror::Error& error) {
    std::cerr << "workos-simulator: " << error.what() << "\n" << error.next_step() << "\n";
    return static_cast<int>(mirror::exit_code(error.fault()));
  }
}
