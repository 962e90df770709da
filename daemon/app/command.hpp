#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "support/exit_code.hpp"

namespace CLI {
class App;
}

namespace mirror::app {

/// What every command's line may hold.
struct Invocation {
  std::optional<std::string> config_file;
  std::vector<std::string> settings;  ///< "key=value", dedicated flags included
  bool json = false;

  /// File, this process's environment, flags.
  [[nodiscard]] ConfigSources sources() const;
  /// All environments with what they have in common: load_config, with the log set up as it says and its warnings
  /// logged.
  [[nodiscard]] Config load_all() const;
  /// The one that the command is about. Throws Error (usage) if there are several and --environment names none.
  [[nodiscard]] Config load() const;
  /// Those that the command is about: the one that --environment names, else all.
  [[nodiscard]] std::vector<Config> load_each() const;
};

using CommandBody = std::function<ExitCode(const Invocation&)>;

/// One command as data. `define` adds the command's own arguments and returns what runs once they are parsed.
struct Command {
  const char* name;
  const char* summary;
  const char* examples;  ///< lines for the end of --help
  bool offers_json;
  CommandBody (*define)(CLI::App& arguments);
};

extern const Command run_command;
extern const Command sync_command;
extern const Command status_command;
extern const Command check_command;
extern const Command config_command;
extern const Command verify_command;
extern const Command migrate_command;
extern const Command holds_command;
extern const Command approve_command;
extern const Command discard_command;
extern const Command events_command;
extern const Command changes_command;
extern const Command report_command;
extern const Command wait_command;
extern const Command reconcile_command;
extern const Command erase_command;
extern const Command api_command;
extern const Command webhook_command;

/// Parses the command line and runs the command it names. Throws Error (usage) for a line that is wrong, and whatever
/// the command throws. --help and --version print to stdout.
ExitCode run_command_line(std::span<const Command* const> commands, int argc, const char* const* argv);

/// The one place where errors end: prints `error` and what to do about it to stderr, returns the exit code.
ExitCode report_failure(const std::exception& error);

}  // namespace mirror::app
