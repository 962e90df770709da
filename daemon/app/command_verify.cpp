#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <limits>
#include <memory>

#include "api/api_client.hpp"
#include "app/command.hpp"
#include "app/engine.hpp"
#include "app/progress_bar.hpp"
#include "app/report_each.hpp"
#include "app/signals.hpp"
#include "app/verify_report.hpp"
#include "support/error.hpp"
#include "sync/verification.hpp"

namespace mirror::app {
namespace {

struct VerifyArguments {
  std::size_t show = 20;
  int pause_seconds = 5;
  bool repair = false;
};

/// A full pass, by the running daemon if there is one.
void repair(const Config& config, Clock& clock, const std::stop_token& stop) {
  std::cerr << "repairing: a full pass over all streams\n";
  sync::StatusBoard board(clock);
  make_engine(config, board, clock)->sync_once(stop);
}

void print_first(const VerifyReport& report, std::size_t show) {
  std::cout << comparison_text(report.tables, show)
            << (is_equal(report.tables) ? "\nthe mirror is equal to the API\n" : "\nthe mirror differs from the API\n")
            << std::flush;
}

void print_repair(const VerifyReport& report, std::size_t show) {
  std::cout << "\nwhat differed, after the repair:\n"
            << comparison_text(report.after_repair, show)
            << (is_mended(report.after_repair) ? "\nall of it is mended\n" : "\nnot all of it is mended\n");
}

VerifyReport verify(const Config& config, const VerifyArguments& arguments, bool as_text, const std::stop_token& stop) {
  SystemClock clock;
  sync::StatusBoard board(clock);
  const api::DirectoryApi directory(api::make_api_client(config.api, clock));
  db::MirrorReader mirror(config.database, config.sync.environment);
  sync::Verification verification(directory, mirror, config.sync, clock, board,
                                  {.second_look = {.pause = std::chrono::seconds{arguments.pause_seconds}}});

  ProgressBar progress(board, clock, std::cerr, ProgressBar::screen_of_stderr());
  progress.start();
  VerifyReport report{verification.run(stop), arguments.repair, {}};
  progress.stop();
  if (as_text) print_first(report, arguments.show);
  if (is_equal(report.tables) || !arguments.repair) return report;

  repair(config, clock, stop);
  report.after_repair = verification.run_again(report.tables, stop);
  if (as_text) print_repair(report, arguments.show);
  return report;
}

/// Other commands leave the asking to a running daemon.
void require_own_key(const Config& config) {
  try {
    require_api_key(config);
  } catch (const Error& error) {
    throw Error(error.fault(),
                std::string(error.what()) + ", and verify reads WorkOS itself, also beside a running daemon",
                error.next_step());
  }
}

ExitCode run_verify(const VerifyArguments& arguments, const Invocation& invocation) {
  const std::vector<Config> environments = invocation.load_each();
  block_signals();
  std::stop_source stop;
  const SignalThread signals(stop, [] { log::warn("this command does not reload"); });

  const auto verify_one = [&](const Config& config) -> Outcome {
    require_own_key(config);
    const VerifyReport report = verify(config, arguments, !invocation.json, stop.get_token());
    return {judge_report(report), invocation.json ? verify_json(report, arguments.show) : ""};
  };
  try {
    return report_each(environments, invocation.json, verify_one);
  } catch (const Error& error) {
    if (error.fault() != Fault::stopped) throw;
    // A comparison that was broken off says nothing, least of all by exit code 0.
    std::cerr << "authkit-mirror: stopped before everything was compared\n";
    return ExitCode::try_later;
  }
}

CommandBody define_verify(CLI::App& app) {
  auto arguments = std::make_shared<VerifyArguments>();
  app.add_option("--show", arguments->show, "differences to list of each table (default 20); all are counted")
      ->type_name("NUMBER")
      ->check(CLI::Range(std::size_t{0}, std::size_t{std::numeric_limits<int>::max()}));
  app.add_option("--pause", arguments->pause_seconds,
                 "seconds before each of the three further looks at what differs (default 5)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, 600));
  app.add_flag("--repair", arguments->repair, "if there is drift: make a full pass as `sync` does, then look again");
  return [arguments](const Invocation& invocation) { return run_verify(*arguments, invocation); };
}

}  // namespace

constinit const Command verify_command{
    "verify", "Compare the mirror with the API, object by object, and tell the differences",
    "  authkit-mirror verify\n"
    "  authkit-mirror verify --json | jq '.tables[] | select(.equal | not)'\n"
    "  authkit-mirror verify --repair\n"
    "It writes nothing, and works beside a running daemon: what is only changing at the moment is no difference.\n"
    "Deletions that are held and objects that are parked are listed, but are no drift.\n"
    "Exit code 0 if both are equal (or all is mended), 1 if not.",
    true, define_verify};

}  // namespace mirror::app
