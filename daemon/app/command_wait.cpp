#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "app/duration_text.hpp"
#include "app/signals.hpp"
#include "db/migrator.hpp"
#include "support/error.hpp"
#include "support/log.hpp"
#include "sync/mirror_wait.hpp"

namespace mirror::app {
namespace {

struct WaitArguments {
  db::Awaited awaited;
  std::string updated_after;
  std::string timeout = "10s";
};

struct Names {
  const char* flag;
  const char* table;
  const char* help;
};

constexpr Names objects[] = {{"--user", "users", "a user"},
                             {"--organization", "organizations", "an organization"},
                             {"--membership", "organization_memberships", "an organization membership"},
                             {"--invitation", "invitations", "an invitation"}};

std::chrono::milliseconds read_timeout(const std::string& text) {
  if (const auto timeout = parse_duration(text)) return *timeout;
  throw Error(Fault::usage, fmt::format("--timeout {} is no duration", text), "write 10s for ten seconds");
}

db::Awaited read_awaited(const WaitArguments& arguments) {
  db::Awaited awaited = arguments.awaited;
  if (awaited.event.empty() == awaited.id.empty()) {
    throw Error(Fault::usage, "what to wait for is missing, or there is too much of it",
                "give --event ID, or one of --user, --organization, --membership and --invitation");
  }
  if (arguments.updated_after.empty()) return awaited;
  awaited.updated_after = parse_instant(arguments.updated_after);
  if (!awaited.updated_after || !awaited.event.empty()) {
    throw Error(Fault::usage, fmt::format("--updated-after {} can't be used", arguments.updated_after),
                "give the updated_at of an object that is waited for, such as 2026-03-01T00:00:00.000Z");
  }
  return awaited;
}

ExitCode report(const Invocation& invocation, const sync::WaitOutcome& outcome, const std::string& timeout) {
  const bool is_there = outcome.sighting != db::Sighting::none;
  const bool is_deleted = outcome.sighting == db::Sighting::deleted;
  if (invocation.json) {
    std::cout << nlohmann::json{{"seen", is_there}, {"deleted", is_deleted}}.dump() << "\n";
  } else if (is_there) {
    std::cout << (is_deleted ? "deleted\n" : "seen\n");
  }
  if (is_there) return ExitCode::done;
  std::cerr << "authkit-mirror: the mirror did not show it within " << timeout;
  if (!outcome.reason.empty()) std::cerr << ": " << outcome.reason;
  std::cerr << "\n";
  return ExitCode::try_later;
}

ExitCode wait(const Invocation& invocation, const WaitArguments& arguments) {
  const db::Awaited awaited = read_awaited(arguments);
  const auto timeout = read_timeout(arguments.timeout);
  const Config config = invocation.load();
  block_signals();
  std::stop_source stop;
  const SignalThread signals(stop, [] { log::warn("this command does not reload"); });
  db::Connection connection(config.database, "wait");
  db::Migrator{connection}.require_current();
  return report(invocation, sync::wait_for(connection, config.sync.environment, awaited, timeout, stop.get_token()),
                arguments.timeout);
}

CommandBody define_wait(CLI::App& app) {
  auto arguments = std::make_shared<WaitArguments>();
  app.add_option("--event", arguments->awaited.event, "until the effects of this event are in the mirror")
      ->type_name("ID");
  for (const auto& [flag, table, help] : objects) {
    app.add_option_function<std::string>(
           flag,
           [arguments, table = table](const std::string& id) {
             if (!arguments->awaited.id.empty()) throw CLI::ValidationError("only one object can be waited for");
             arguments->awaited.table = table;
             arguments->awaited.id = id;
           },
           fmt::format("until {} is in the mirror, or was deleted", help))
        ->type_name("ID");
  }
  app.add_option("--updated-after", arguments->updated_after, "and its updated_at is this instant or a later one")
      ->type_name("INSTANT");
  app.add_option("--timeout", arguments->timeout, "then end with 75")->type_name("DURATION")->capture_default_str();
  return [arguments](const Invocation& invocation) { return wait(invocation, *arguments); };
}

}  // namespace

constinit const Command wait_command{
    "wait", "Wait until the mirror has seen an event, or a version of an object; needs the database only",
    "  authkit-mirror wait --event event_01J --timeout 30s\n"
    "  authkit-mirror wait --user user_01J --updated-after 2026-03-01T12:00:00.123Z\n"
    "An object that was deleted meanwhile is an answer too. Exit code 75: it was not seen in time.",
    true, define_wait};

}  // namespace mirror::app
