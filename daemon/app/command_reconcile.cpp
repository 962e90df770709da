#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <sstream>

#include "api/api_client.hpp"
#include "api/directory_api.hpp"
#include "app/command_session.hpp"
#include "app/reconcile_limit.hpp"
#include "app/reconcile_report.hpp"
#include "app/reconcile_share.hpp"
#include "app/secret_file.hpp"
#include "db/migrator.hpp"
#include "db/mirror_reader.hpp"
#include "db/text_rows.hpp"
#include "reconcile/apply.hpp"
#include "reconcile/planning.hpp"
#include "support/error.hpp"
#include "sync/environment_guard.hpp"

namespace mirror::app {
namespace {

struct ReconcileArguments {
  std::string action;
  std::string plan_file;
  std::string desired;
  std::string query;
  std::string query_database;
  std::string organization;
  std::string out;
  std::string report;
  std::string new_people = "invite";
  bool remove = false;
  std::vector<std::string> protect;
  std::vector<std::string> limits;
  std::optional<int> max_age;
  std::optional<int> valid_for;
  bool approve = false;
  bool dry_run = false;
  std::optional<int> wait;
  std::size_t show = 20;
};

[[noreturn]] void refuse(const std::string& what, const std::string& next_step) {
  throw Error(Fault::usage, what, next_step);
}

constexpr const char* see_help = "`authkit-mirror reconcile --help` has examples";

void require(bool fits, const char* what) {
  if (!fits) refuse(std::string("reconcile: ") + what, see_help);
}

void check_arguments(const ReconcileArguments& arguments) {
  const bool plans = arguments.action == "plan";
  require(plans || !arguments.plan_file.empty(), "apply needs the file of a plan");
  require(!plans || arguments.plan_file.empty(), "plan takes no file but by --desired and --out");
  require(!plans || arguments.desired.empty() != arguments.query.empty(),
          "plan needs either --desired or --desired-query");
  require(arguments.query_database.empty() || !arguments.query.empty(), "--desired-database is for --desired-query");
  const bool has_plan_options = !arguments.desired.empty() || !arguments.query.empty() ||
                                !arguments.organization.empty() || !arguments.out.empty() || arguments.remove ||
                                !arguments.protect.empty() || !arguments.limits.empty() || arguments.max_age ||
                                arguments.valid_for;
  require(plans || !has_plan_options, "that option is for plan; what a plan says can't be changed when it is applied");
  require(!plans || (!arguments.approve && !arguments.dry_run && !arguments.wait),
          "--approve, --dry-run and --wait are for apply");
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.fail()) refuse(path + ": can't be read", "name a file that is there and that you may read");
  return std::move(text).str();
}

reconcile::PlanRules rules_of(const ReconcileArguments& arguments, const Config& config) {
  reconcile::PlanRules rules{arguments.new_people == "invite", arguments.remove, config.reconcile.limits, {}};
  for (const std::string& limit : arguments.limits) read_limit(limit, rules.limits);
  std::vector<std::string> files = arguments.protect;
  if (!config.reconcile.protect_file.empty()) files.push_back(config.reconcile.protect_file);
  for (const std::string& file : files) {
    reconcile::ProblemList problems;
    rules.protect.read(content_of(file), file, problems);
    problems.throw_if_any(file);
  }
  return rules;
}

reconcile::SourceRows query_rows(const ReconcileArguments& arguments, const Config& config) {
  db::DatabaseOptions options = config.database;
  if (!arguments.query_database.empty()) {
    options.url = arguments.query_database;
    options.password = Secret();
  }
  db::Connection connection(options, "reconcile");
  auto answer = db::read_text_rows(connection, arguments.query);
  reconcile::SourceRows rows;
  rows.unit = "row";
  for (auto& name : answer.columns) {
    rows.add_column(std::move(name), fmt::format("column {} of the answer", rows.columns.size() + 1));
  }
  for (auto& values : answer.rows) rows.rows.push_back({rows.rows.size() + 1, std::move(values)});
  return rows;
}

reconcile::Planned make_plan(const ReconcileArguments& arguments, const Config& config) {
  reconcile::ProblemList problems;
  const bool is_file = arguments.query.empty();
  const auto source =
      is_file ? reconcile::read_source(content_of(arguments.desired), problems) : query_rows(arguments, config);
  db::Connection connection(config.database, "reconcile");
  db::Migrator{connection}.require_current();
  const auto max_age = arguments.max_age ? std::chrono::seconds{*arguments.max_age} : config.sync.health_max_lag;
  return reconcile::make_plan(connection, source, is_file ? arguments.desired : "the answer to --desired-query",
                              std::move(problems),
                              {config.sync.environment, arguments.organization, max_age,
                               std::chrono::seconds{arguments.valid_for.value_or(3600)}, rules_of(arguments, config)});
}

/// For the user alone: it holds addresses and names.
void write_file(const std::string& path, const std::string& text) {
  if (!path.empty()) SecretFile(path).commit({Secret(text)});
}

ExitCode plan(const ReconcileArguments& arguments, const Invocation& invocation) {
  const CommandSession session(invocation);
  const auto planned = make_plan(arguments, session.config);
  write_file(arguments.out, reconcile::write_plan_file(planned.plan, session.config.api.key));
  const std::string text = plan_text(planned, arguments.show);
  write_file(arguments.report, text);
  std::cout << (invocation.json ? plan_json(planned) : text);
  const auto& changes = planned.plan.changes;
  if (!changes.actions.empty()) return ExitCode::plan_has_changes;
  return changes.unresolved.empty() ? ExitCode::done : ExitCode::not_all_well;
}

std::string applied_by() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') return name;
  }
  return "unknown";
}

/// Rule R15: what is about to be changed must be the directory that is mirrored.
void require_same_environment(const Config& config, const std::shared_ptr<api::ApiClient>& client,
                              const std::stop_token& stop) {
  db::MirrorReader mirror(config.database, config.sync.environment);
  const auto sample = mirror.ask([](db::Transaction& transaction, const db::MirrorTables& tables) {
    return sync::take_environment_sample(transaction, tables);
  });
  sync::require_same_environment(api::DirectoryApi(client), sample, config.sync.environment, stop);
}

ExitCode judge(const reconcile::ApplyReport& report, std::size_t unseen) {
  if (report.stopped_by) {
    report_failure(*report.stopped_by);
    const Fault fault = report.stopped_by->fault();
    return fault == Fault::stopped ? ExitCode::try_later : exit_code(fault);
  }
  if (unseen > 0) {
    std::cerr << "authkit-mirror: the mirror has not seen " << unseen
              << " of the changes yet. Next: look at `authkit-mirror status`; does the daemon run?\n";
    return ExitCode::try_later;
  }
  return report.count("conflict") == 0 ? ExitCode::done : ExitCode::not_all_well;
}

/// What an apply in earnest would refuse; said on stderr.
bool lacks_approval(const reconcile::Plan& plan, const ReconcileArguments& arguments) {
  if (arguments.approve || !plan.exceeds_limits()) return false;
  std::cerr << "authkit-mirror: the plan is over the limit: " << plan.kinds_over_limit()
            << ". Next: read it, and apply it with --approve if it is right\n";
  return true;
}

ExitCode apply(const ReconcileArguments& arguments, const Invocation& invocation) {
  CommandSession session(invocation);
  const Config& config = session.config;
  const auto sealed = reconcile::read_plan_file(content_of(arguments.plan_file), config.api.key);
  const auto client = api::make_api_client(share_of_apply(config), session.clock);
  const auto stop = session.stop_token();
  require_same_environment(config, client, stop);
  const reconcile::ApplyOptions options{config.sync.environment, applied_by(), arguments.approve,
                                        config.sync.lease_ttl};
  const auto report = arguments.dry_run
                          ? reconcile::try_plan(sealed, config.database, client, options, stop)
                          : reconcile::apply_plan(sealed, config.database, client, session.clock, options, stop);
  if (report.was_applied_before) std::cerr << "authkit-mirror: this plan is applied already; nothing was changed\n";
  std::size_t unseen = 0;
  if (!arguments.dry_run && !report.stopped_by) {
    unseen = reconcile::wait_for_mirror(config.database, config.sync.environment, report.own_writes(),
                                        std::chrono::seconds{arguments.wait.value_or(60)}, stop);
  }
  std::cout << (invocation.json ? apply_json(report, unseen) : apply_text(report, arguments.dry_run, arguments.show))
            << std::flush;
  const bool is_refused = arguments.dry_run && !report.was_applied_before && lacks_approval(sealed.plan, arguments);
  const ExitCode code = judge(report, unseen);
  return code == ExitCode::done && is_refused ? ExitCode::not_all_well : code;
}

ExitCode act(const ReconcileArguments& arguments, const Invocation& invocation) {
  check_arguments(arguments);
  try {
    return arguments.action == "plan" ? plan(arguments, invocation) : apply(arguments, invocation);
  } catch (const reconcile::StaleMirror& error) {
    report_failure(error);
    return ExitCode::try_later;
  }
}

void add_plan_options(CLI::App& app, ReconcileArguments& arguments) {
  app.add_option("--desired", arguments.desired, "plan: who should be there, as CSV or JSON")->type_name("FILE");
  app.add_option("--desired-query", arguments.query, "plan: the same, by a query on the mirror's database")
      ->type_name("SQL");
  app.add_option("--desired-database", arguments.query_database, "plan: where to ask that query instead")
      ->type_name("URL");
  app.add_option("--organization", arguments.organization, "plan: only about members of this organization")
      ->type_name("ID");
  app.add_option("--out", arguments.out, "plan: where to write it")->type_name("FILE");
  app.add_option("--report", arguments.report, "plan: where to write the table, besides stdout")->type_name("FILE");
  app.add_option("--new", arguments.new_people, "plan: invite new people (default) or create them")
      ->type_name("HOW")
      ->check(CLI::IsMember({"invite", "create"}));
  app.add_flag("--remove", arguments.remove,
               "plan: end the memberships of who is not on the list, instead of deactivating them");
  app.add_option("--protect", arguments.protect, "plan: file of users and organizations to leave alone; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--limit", arguments.limits,
                 "plan: how many changes of a kind need no approval, as number, percentage or both; repeatable")
      ->type_name("KIND=NUMBER,PERCENT%")
      ->allow_extra_args(false);
  app.add_option("--max-age", arguments.max_age, "plan: how late the mirror may be (default health.max_lag)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86'400));
  app.add_option("--valid-for", arguments.valid_for, "plan: how long it may be applied (default 3600)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86'400));
}

CommandBody define_reconcile(CLI::App& app) {
  auto arguments = std::make_shared<ReconcileArguments>();
  app.add_option("action", arguments->action, "plan or apply")
      ->required()
      ->type_name("ACTION")
      ->check(CLI::IsMember({"plan", "apply"}));
  app.add_option("plan", arguments->plan_file, "apply: the plan")->type_name("FILE");
  add_plan_options(app, *arguments);
  app.add_flag("--approve", arguments->approve, "apply: even if it is over a limit");
  app.add_flag("--dry-run", arguments->dry_run, "apply: only look at the API what would be done");
  app.add_option("--wait", arguments->wait, "apply: how long to wait for the mirror to see the changes (default 60)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, 86'400));
  app.add_option("--show", arguments->show, "lines to show of each kind (default 20)")
      ->type_name("NUMBER")
      ->check(CLI::Range(std::size_t{0}, std::size_t{std::numeric_limits<int>::max()}));
  return [arguments](const Invocation& invocation) { return act(*arguments, invocation); };
}

}  // namespace

constinit const Command reconcile_command{
    "reconcile", "Make the directory as a list wants it: by a plan that is read first, then applied",
    "  authkit-mirror reconcile plan --desired staff.csv --out plan.json\n"
    "  authkit-mirror reconcile plan --desired-query 'SELECT email, organization, role FROM hr.staff' --out plan.json\n"
    "  authkit-mirror reconcile plan --desired staff.csv --organization org_01K3 --new create --out plan.json\n"
    "  authkit-mirror reconcile apply plan.json --dry-run\n"
    "  authkit-mirror reconcile apply plan.json\n"
    "Columns: email, external_id, first_name, last_name, organization, role, status. Members of the organizations\n"
    "that the list names are deactivated if they are not on it; nobody is deleted.\n"
    "Exit code of plan: 0 nothing to do, 2 changes, 75 the mirror is not fresh. Of apply: 0 done, 1 conflicts or not\n"
    "approved, 75 the mirror has not seen all changes yet.",
    true, define_reconcile};

}  // namespace mirror::app
