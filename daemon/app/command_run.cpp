#include "app/command.hpp"
#include "app/daemon.hpp"

namespace mirror::app {
namespace {

CommandBody define_run(CLI::App&) {
  return [](const Invocation& invocation) { return run_daemon(invocation, make_engine); };
}

}  // namespace

constinit const Command run_command{"run", "Keep the mirror fresh until stopped: the daemon",
                                    "  authkit-mirror run\n"
                                    "  authkit-mirror run --config ./mirror.toml --log-format json\n"
                                    "  authkit-mirror run --set streams.users.sweep_interval=15m\n"
                                    "SIGTERM stops at a committed page, SIGHUP reloads the configuration.",
                                    false, define_run};

}  // namespace mirror::app
