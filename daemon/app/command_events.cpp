#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "app/duration_text.hpp"
#include "app/engine_session.hpp"
#include "app/text_table.hpp"
#include "db/event_store.hpp"
#include "db/migrator.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

struct EventsArguments {
  std::string action = "list";
  bool quarantined = false;
  std::string since = "1h";
  int most = 50;
};

/// An instant, or how long ago by this host's clock.
Instant read_since(const std::string& text) {
  if (const auto instant = parse_instant(text)) return *instant;
  if (const auto ago = parse_duration(text)) {
    return {SystemClock().wall().microseconds - std::chrono::microseconds(*ago).count()};
  }
  throw Error(Fault::usage, fmt::format("--since {} is neither an instant nor a duration", text),
              "write 2026-03-01T00:00:00Z, or 2h for two hours ago");
}

std::vector<db::ArchivedEvent> read_events(const Config& config, const EventsArguments& arguments) {
  db::Connection connection(config.database, "events");
  db::Migrator{connection}.require_current();
  db::Transaction transaction(connection);
  const db::EventStore events(config.sync.environment);
  return arguments.quarantined ? events.read_quarantined(transaction, "", false, arguments.most)
                               : events.read_since(transaction, read_since(arguments.since), "", arguments.most);
}

/// Ids only: an event holds names and addresses of people.
ExitCode list_events(const Invocation& invocation, const EventsArguments& arguments) {
  const auto events = read_events(invocation.load(), arguments);
  if (invocation.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& event : events) {
      list.push_back({{"id", event.id},
                      {"created_at", event.created_at},
                      {"type", event.type},
                      {"object_id", event.object_id},
                      {"error", event.error.empty() ? nlohmann::json() : nlohmann::json(event.error)},
                      {"attempts", event.attempts}});
    }
    std::cout << nlohmann::json{{"events", list}}.dump(2) << "\n";
    return ExitCode::done;
  }
  TextTable table({"created", "type", "object", "event", "error"});
  for (const auto& event : events) {
    const auto error = event.error.empty() ? "" : fmt::format("{} (tried {} times)", event.error, event.attempts);
    table.add({event.created_at, event.type, event.object_id, event.id, error});
  }
  if (!events.empty()) std::cout << table.text();
  if (events.empty()) std::cerr << (arguments.quarantined ? "no event waits in quarantine\n" : "no events\n");
  return ExitCode::done;
}

ExitCode report(const Invocation& invocation, const sync::ReplayOutcome& outcome) {
  if (invocation.json) {
    std::cout << nlohmann::json{{"read", outcome.read}, {"parked", outcome.parked}}.dump(2) << "\n";
  } else {
    std::cout << outcome.read << " events tried again, " << outcome.parked << " still can't be applied\n";
  }
  return outcome.parked == 0 ? ExitCode::done : ExitCode::not_all_well;
}

ExitCode act(const Invocation& invocation, const EventsArguments& arguments) {
  if (arguments.action == "list") return list_events(invocation, arguments);
  const auto since = read_since(arguments.since);
  EngineSession session(invocation);
  if (arguments.action == "retry") return report(invocation, session.engine->retry_events(session.stop_token()));
  if (arguments.action == "replay") {
    return report(invocation, session.engine->replay_events(since, session.stop_token()));
  }
  session.engine->restart_tail(session.stop_token());
  std::cout << "events are followed from now on, and every list is read anew\n";
  return ExitCode::done;
}

CommandBody define_events(CLI::App& app) {
  auto arguments = std::make_shared<EventsArguments>();
  app.add_option("action", arguments->action, "list, retry (quarantine), replay (from the archive), restart (the tail)")
      ->type_name("ACTION")
      ->check(CLI::IsMember({"list", "retry", "replay", "restart"}));
  app.add_flag("--quarantined", arguments->quarantined, "list those that could not be applied");
  app.add_option("--since", arguments->since, "from then on, for list and replay: an instant, or how long ago")
      ->type_name("WHEN")
      ->capture_default_str();
  app.add_option("--most", arguments->most, "events to list")->check(CLI::Range(1, 100'000))->capture_default_str();
  return [arguments](const Invocation& invocation) { return act(invocation, *arguments); };
}

}  // namespace

constinit const Command events_command{
    "events", "List archived events, try parked ones again, apply archived ones once more, begin anew",
    "  authkit-mirror events list --since 2h\n"
    "  authkit-mirror events list --quarantined\n"
    "  authkit-mirror events retry\n"
    "  authkit-mirror events replay --since 2026-03-01T00:00:00Z\n"
    "  authkit-mirror events restart    # after a lost cursor: follows events from now on, reads every list anew",
    true, define_events};

}  // namespace mirror::app
