#include <iostream>

#include "app/command.hpp"
#include "app/engine_session.hpp"
#include "app/progress_bar.hpp"
#include "app/report_each.hpp"
#include "app/sync_report.hpp"

namespace mirror::app {
namespace {

/// A line of the log between two redraws would tear the progress bar; what matters still comes through.
void quieten_log(const Config& config) {
  if (!config.given.contains("log.level")) log::set_level(log::Level::warning);
}

Outcome mirror_once(const Config& config, bool as_json) {
  EngineSession session(config);
  const ProgressBar::Screen screen = ProgressBar::screen_of_stderr();
  if (screen.is_terminal) quieten_log(session.config);

  ProgressBar progress(session.board, session.clock, std::cerr, screen);
  progress.start();
  session.engine->sync_once(session.stop_token());
  progress.stop();

  const StreamResults results = session.board.streams();
  for (const sync::Finding& finding : session.board.findings()) {
    std::cerr << finding.cause << (finding.next_step.empty() ? "" : ". Next: ") << finding.next_step << "\n";
  }
  return {judge_pass(results), as_json ? pass_json(results) : pass_table(results)};
}

ExitCode sync(const Invocation& invocation) {
  return report_each(invocation.load_each(), invocation.json,
                     [&](const Config& config) { return mirror_once(config, invocation.json); });
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
