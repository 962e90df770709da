#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <memory>

#include "app/command.hpp"
#include "app/line_output.hpp"
#include "support/error.hpp"
#include "support/nearest_name.hpp"
#include "support/version.hpp"

namespace mirror::app {
namespace {

constexpr const char* description =
    "Mirrors a WorkOS AuthKit directory into PostgreSQL.\n"
    "Results go to stdout, progress and the log to stderr.";

constexpr const char* general_footer =
    "First steps:\n"
    "  export WORKOS_API_KEY=...  DATABASE_URL=postgresql:///authkit_mirror\n"
    "  authkit-mirror check       # key, permissions, database, clock\n"
    "  authkit-mirror sync        # one full pass\n"
    "  authkit-mirror run         # the daemon\n"
    "\n"
    "Exit codes: 0 done, 1 not all is well, 2 a plan has changes, 64 usage, 69 API or database away, 70 bug,\n"
    "75 try later, 77 refused, 78 configuration or schema.";

/// A flag that is a short name for a key.
struct DedicatedFlag {
  const char* flag;
  const char* key;
  const char* help;
};

constexpr std::array dedicated_flags{
    DedicatedFlag{"--environment", "environment",
                  "name of the WorkOS environment (_env); with several configured, the one that is meant"},
    DedicatedFlag{"--base-url", "api.base_url", "address of the WorkOS API"},
    DedicatedFlag{"--database-url", "database.url",
                  "PostgreSQL connection; without a password, which others could see"},
    DedicatedFlag{"--schema", "database.schema", "schema of the mirror"},
    DedicatedFlag{"--log-level", "log.level", "trace, debug, info, warning or error"},
    DedicatedFlag{"--log-format", "log.format", "text or json"},
};

void add_common_flags(CLI::App& app, Invocation& invocation) {
  app.add_option_function<std::string>(
         "-c,--config", [&invocation](const std::string& path) { invocation.config_file = path; },
         std::string{"configuration file (default "} + ConfigSources::default_file + ", which may be missing)")
      ->type_name("FILE");
  app.add_option_function<std::vector<std::string>>(
         "--set",
         [&invocation](const std::vector<std::string>& pairs) {
           invocation.settings.insert(invocation.settings.end(), pairs.begin(), pairs.end());
         },
         "any key of the configuration, for example sync.parallel=1; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  for (const DedicatedFlag& flag : dedicated_flags) {
    const std::string key = flag.key;
    app.add_option_function<std::string>(
           flag.flag,
           [&invocation, key](const std::string& value) { invocation.settings.push_back(key + "=" + value); },
           flag.help)
        ->type_name("VALUE");
  }
}

/// What the line names as its command, if that is none of ours.
std::string unknown_command(std::span<const Command* const> commands, const CLI::App& app) {
  if (!app.get_subcommands().empty()) return {};
  for (const std::string& word : app.remaining()) {
    if (word.starts_with("-")) continue;
    std::vector<std::string> names;
    for (const Command* command : commands) names.emplace_back(command->name);
    const auto nearest = nearest_name(word, names);
    return "\"" + word + "\" is no command" + (nearest ? ", did you mean \"" + *nearest + "\"?" : "");
  }
  return {};
}

std::string help_hint(const CLI::App& app) {
  std::string line = "`authkit-mirror ";
  for (const CLI::App* command : app.get_subcommands()) line += command->get_name() + " ";
  return line + "--help` shows what is possible";
}

/// `text` with one mark at its end, whoever wrote it.
std::string sentence(std::string text) {
  while (!text.empty() && (text.back() == '.' || text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const bool is_marked = text.ends_with('?') || text.ends_with('!');
  return is_marked ? text : text + ".";
}

std::string usage_problem(std::span<const Command* const> commands, const CLI::App& app, const CLI::ParseError& error) {
  std::string unknown = unknown_command(commands, app);
  if (!unknown.empty()) return unknown;
  return app.get_subcommands().empty() && app.remaining().empty() ? "a command is required" : error.what();
}

}  // namespace

ExitCode run_command_line(std::span<const Command* const> commands, int argc, const char* const* argv) {
  CLI::App app{description, "authkit-mirror"};
  Invocation invocation;
  app.set_version_flag("--version", std::string{"authkit-mirror "} + version());
  app.footer(general_footer);
  app.require_subcommand(1);
  add_common_flags(app, invocation);

  CommandBody body;
  for (const Command* command : commands) {
    CLI::App* const arguments = app.add_subcommand(command->name, command->summary);
    arguments->footer(std::string{"Examples:\n"} + command->examples);
    if (command->offers_json) arguments->add_flag("--json", invocation.json, "print JSON");
    auto defined = command->define(*arguments);
    add_common_flags(*arguments, invocation);
    arguments->callback([&body, defined = std::move(defined)] { body = defined; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error, std::cout, std::cerr);
      return ExitCode::done;
    }
    throw Error(Fault::usage, usage_problem(commands, app, error), help_hint(app));
  }
  const ExitCode code = body(invocation);
  // What is lost was no success. Whoever stops reading has enough.
  flush_output();
  return code;
}

ExitCode report_failure(const std::exception& error) {
  const auto* const known = dynamic_cast<const Error*>(&error);
  const std::string cause = error.what();
  const std::string next = known == nullptr ? "report this bug with the command and its log" : known->next_step();
  const bool is_list = cause.find('\n') != std::string::npos;
  std::cerr << "authkit-mirror: " << sentence(cause);
  if (!next.empty()) std::cerr << (is_list ? "\n" : " ") << "Next: " << sentence(next);
  std::cerr << std::endl;
  return known == nullptr ? ExitCode::bug : exit_code(known->fault());
}

ConfigSources Invocation::sources() const {
  return {config_file, process_environment(), settings};
}

Config Invocation::load_all() const {
  Config config = load_config(sources());
  log::configure(config.log.level, config.log.format);
  for (const std::string& warning : config.warnings) log::write(log::Level::warning, warning);
  return config;
}

Config Invocation::load() const {
  return wanted_environment(load_all());
}

std::vector<Config> Invocation::load_each() const {
  return wanted_environments(load_all());
}

}  // namespace mirror::app
