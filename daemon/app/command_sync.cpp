#include <iostream>

#include "app/command.hpp"
#include "app/engine.hpp"
#include "app/progress_bar.hpp"
#include "app/signals.hpp"
#include "app/sync_report.hpp"

namespace mirror::app {
namespace {

/// A line of the log between two redraws would tear the progress bar; what matters still comes through.
void quieten_log(const Config& config) {
  if (!config.given.contains("log.level")) log::set_level(log::Level::warning);
}

ExitCode sync(const Invocation& invocation) {
  const Config config = invocation.load();
  require_api_key(config);
  block_signals();

  SystemClock clock;
  sync::StatusBoard board(clock);
  const std::unique_ptr<Engine> engine = make_engine(config, board, clock);
  std::stop_source stop;
  SignalThread signals(stop, [] { log::warn("this command does not reload"); });
  const ProgressBar::Screen screen = ProgressBar::screen_of_stderr();
  if (screen.is_terminal) quieten_log(config);

  ProgressBar progress(board, clock, std::cerr, screen);
  progress.start();
  engine->sync_once(stop.get_token());
  progress.stop();

  const StreamResults results = board.streams();
  std::cout << (invocation.json ? pass_json(results) : pass_table(results));
  for (const sync::Finding& finding : board.findings()) {
    std::cerr << finding.cause << (finding.next_step.empty() ? "" : ". Next: ") << finding.next_step << "\n";
  }
  return judge_pass(results);
}

CommandBody define_sync(CLI::App&) {
  return sync;
}

}  // namespace

constinit const Command sync_command{"sync", "Mirror everything once; beside a running daemon, ask it to do so",
                                     "  authkit-mirror sync\n"
                                     "  authkit-mirror sync --json > pass.json\n"
                                     "  authkit-mirror sync --set streams.invitations.enabled=false\n"
                                     "Exit code 1 if a stream failed or deletions are held.",
                                     true, define_sync};

}  // namespace mirror::app
