#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "app/duration_text.hpp"
#include "app/line_output.hpp"
#include "app/report_output.hpp"
#include "app/text_table.hpp"
#include "db/freshness.hpp"
#include "db/migrator.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

/// Rows of a table for people, who can say that they want more; a file gets all of them.
constexpr int usual_rows = 1'000;

struct ReportCommand {
  std::string name = "list";
  std::string format;
  std::string organization;
  std::string fresh;
  std::optional<int> days;
  std::optional<int> limit;
};

std::string options_of(const db::Report& report) {
  std::string options;
  if (report.days != db::Report::Days::none) options += "--days ";
  if (report.organization != db::Report::Organization::none) options += "--organization ";
  return options;
}

ExitCode list_reports(bool as_json) {
  TextTable table({"report", "options", "shows"});
  auto list = nlohmann::ordered_json::array();
  for (const db::Report& report : db::reports()) {
    table.add({std::string(report.name), options_of(report), std::string(report.summary)});
    list.push_back({{"name", report.name},
                    {"summary", report.summary},
                    {"days", report.days != db::Report::Days::none},
                    {"organization", report.organization != db::Report::Organization::none}});
  }
  std::cout << (as_json ? nlohmann::ordered_json{{"reports", list}}.dump(2) + "\n" : table.text());
  return ExitCode::done;
}

ReportFormat read_format(const ReportCommand& command, bool as_json) {
  if (as_json && (command.format.empty() || command.format == "json")) return ReportFormat::json;
  if (as_json) throw Error(Fault::usage, "--json and --format contradict each other", "leave one of them out");
  if (command.format == "csv") return ReportFormat::csv;
  return command.format == "json" ? ReportFormat::json : ReportFormat::table;
}

/// What --fresh demands; empty: a warning is enough.
std::optional<std::chrono::milliseconds> read_fresh(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto duration = parse_duration(text)) return duration;
  throw Error(Fault::usage, fmt::format("--fresh {} is no duration", text), "write 5m for five minutes");
}

/// True if the report may be shown. Says on stderr what keeps it from being fresh.
bool check_freshness(db::Connection& connection, const Config& config, const std::vector<std::string_view>& streams,
                     std::optional<std::chrono::milliseconds> demanded) {
  db::Transaction transaction(connection);
  for (const auto stream : streams) {
    const auto stale =
        db::find_staleness(transaction, demanded.value_or(config.sync.health_max_lag), config.sync.environment, stream);
    if (!stale) continue;
    std::cerr << (demanded ? "authkit-mirror: not fresh: " : "warning: ") << stale->message
              << ". Next: " << stale->next_step << "\n";
    return !demanded;  // the others have the same cause, mostly
  }
  return true;
}

ExitCode show(const Invocation& invocation, const ReportCommand& command) {
  if (command.name == "list") return list_reports(invocation.json);
  const db::Report& report = db::find_report(command.name);
  const ReportFormat format = read_format(command, invocation.json);
  const auto demanded = read_fresh(command.fresh);
  const bool is_table = format == ReportFormat::table;
  const Config config = invocation.load();
  const db::ReportArguments arguments{config.sync.environment, command.organization, command.days,
                                      command.limit.value_or(is_table ? usual_rows : 0)};
  db::check_arguments(report, arguments);

  db::Connection connection(config.database, "report");
  db::Migrator{connection}.require_current();
  if (!check_freshness(connection, config, db::streams_of(report, arguments), demanded)) return ExitCode::try_later;
  db::ReportReader reader(connection, report, arguments,
                          format == ReportFormat::json ? db::ReportForm::objects : db::ReportForm::columns);
  const std::size_t rows = write_report(std::cout, reader, format, std::string(report.name));
  if (!flush_output()) return ExitCode::done;  // whoever reads has enough
  if (rows == 0 && is_table) std::cerr << "no rows\n";
  if (rows == usual_rows && is_table && !command.limit) {
    std::cerr << "the first " << usual_rows << " rows; --limit 0 shows all\n";
  }
  return ExitCode::done;
}

CommandBody define_report(CLI::App& app) {
  auto command = std::make_shared<ReportCommand>();
  app.add_option("name", command->name, "list, or one of the list")->type_name("NAME");
  app.add_option("--format", command->format, "table (1,000 rows at most), csv or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  app.add_option("--organization", command->organization, "only this one, or its active members")->type_name("ID");
  app.add_option("--days", command->days, "days of dormancy, until the expiry, or back from today")
      ->check(CLI::Range(0, 36'500));
  app.add_option("--limit", command->limit, "rows at most; 0: all")->check(CLI::Range(0, 1'000'000'000));
  app.add_option("--fresh", command->fresh, "end with 75 instead if the mirror is older than that")
      ->type_name("DURATION");
  return [command](const Invocation& invocation) { return show(invocation, *command); };
}

}  // namespace

constinit const Command report_command{
    "report", "Show one of the ready reports, as a table, CSV or JSON; needs the database only",
    "  authkit-mirror report list\n"
    "  authkit-mirror report dormant_users --days 180 --organization org_01J\n"
    "  authkit-mirror report expiring_invitations --fresh 5m --format csv > expiring.csv\n"
    "  authkit-mirror report organizations_by_size --limit 20\n"
    "Each report is a view or function of the same name in the schema.",
    true, define_report};

}  // namespace mirror::app
