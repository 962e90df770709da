// mirror-bench: what a first load, a second sync and the following of events cost, as ratios against a raw COPY of the
// same rows in the same run. RESULTS.md beside this file says how to read it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/event_scenarios.hpp"
#include "tests/bench/report_scenarios.hpp"
#include "tests/bench/results.hpp"
#include "tests/bench/sync_scenarios.hpp"

int main(int argc, char** argv) {
  using namespace mirror::bench;
  CLI::App app{"mirror-bench: the mirror's speed, memory and WAL, against a raw COPY of the same rows"};
  SyncSizes sizes;
  GrowthSizes growth_sizes;
  RateLimitSizes limit_sizes;
  EventSizes event_sizes;
  ReportSizes report_sizes;
  std::string json_file;
  std::vector<std::string> only;
  app.add_option("--users", sizes.users, "Users of the directory that is synced")->capture_default_str();
  app.add_option("--organizations", sizes.organizations, "Organizations of it")->capture_default_str();
  app.add_option("--memberships", sizes.memberships, "Memberships of it")->capture_default_str();
  app.add_option("--invitations", sizes.invitations, "Invitations of it")->capture_default_str();
  app.add_option("--fillfactors", sizes.fillfactors, "Of the users' pages, each measured")->capture_default_str();
  app.add_option("--most-users", growth_sizes.most_users,
                 "Users of the largest of three growing directories, and of one with everything else too (one round)")
      ->capture_default_str();
  app.add_option("--growth-steps", growth_sizes.steps, "Only so many of the three, the largest")
      ->check(CLI::Range(1, 3))
      ->capture_default_str();
  app.add_option("--growth-memberships", growth_sizes.memberships, "Memberships spread over ever more organizations")
      ->capture_default_str();
  app.add_option("--most-organizations", growth_sizes.most_organizations, "Organizations in the end")
      ->capture_default_str();
  app.add_option("--limit-users", limit_sizes.users, "Users of the directory behind a rate limit")
      ->capture_default_str();
  app.add_option("--limit-organizations", limit_sizes.organizations, "Organizations of it")->capture_default_str();
  app.add_option("--limit-memberships", limit_sizes.memberships, "Memberships of it")->capture_default_str();
  app.add_option("--limit-invitations", limit_sizes.invitations, "Invitations of it")->capture_default_str();
  app.add_option("--rounds", sizes.rounds, "Rounds of which the median is taken")->capture_default_str();
  app.add_option("--event-users", event_sizes.users, "Users behind the events")->capture_default_str();
  app.add_option("--backlog", event_sizes.backlog, "Events that the tail finds")->capture_default_str();
  app.add_option("--senders", event_sizes.senders, "Connections that deliver webhooks")->capture_default_str();
  app.add_option("--deliveries", event_sizes.deliveries, "Webhooks from all of them")->capture_default_str();
  app.add_option("--alone", event_sizes.alone, "Webhooks one at a time")->capture_default_str();
  app.add_option("--changes", event_sizes.changes, "Changes followed from the directory to the row")
      ->capture_default_str();
  app.add_option("--report-users", report_sizes.users, "Users that are reported on")->capture_default_str();
  app.add_option("--report-memberships", report_sizes.memberships, "Memberships of them")->capture_default_str();
  app.add_option("--report-organizations", report_sizes.organizations, "Organizations of them")->capture_default_str();
  app.add_option("--report-invitations", report_sizes.invitations, "Invitations to them")->capture_default_str();
  app.add_option("--report-changes", report_sizes.changes, "Changes of users in the last day")->capture_default_str();
  app.add_flag("--quick", BenchMirror::is_quick,
               "PostgreSQL flushes nothing and does not fill its log first: shows that all runs, measures nothing");
  app.add_option("--plans", report_sizes.plans, "Write PostgreSQL's plan of each report there");
  app.add_option("--only", only, "Only these parts")
      ->check(CLI::IsMember({"users", "memberships", "invitations", "directory", "layout", "growth", "rate-limit",
                             "start", "tail", "webhooks", "change-to-row", "reports"}));
  app.add_option("--json", json_file, "Write all values there too");
  CLI11_PARSE(app, argc, argv);
  try {
    Results results;
    event_sizes.rounds = limit_sizes.rounds = report_sizes.rounds = sizes.rounds;
    const auto is_wanted = [&](const char* part) { return only.empty() || std::ranges::count(only, part) > 0; };
    if (is_wanted("users")) measure_users(results, sizes);
    if (is_wanted("memberships")) measure_memberships(results, sizes);
    if (is_wanted("invitations")) measure_invitations(results, sizes);
    if (is_wanted("directory")) measure_directory(results, sizes);
    if (is_wanted("layout")) measure_layout(results, sizes);
    if (is_wanted("growth")) measure_growth(results, growth_sizes);
    if (is_wanted("start")) measure_start(results, sizes.rounds);
    if (is_wanted("rate-limit")) measure_rate_limit(results, limit_sizes);
    if (is_wanted("tail")) measure_tail(results, event_sizes);
    if (is_wanted("webhooks")) measure_webhooks(results, event_sizes);
    if (is_wanted("change-to-row")) measure_change_to_row(results, event_sizes);
    if (is_wanted("reports")) measure_reports(results, report_sizes);
    std::cout << results.table();
    if (!json_file.empty()) std::ofstream(json_file) << results.json();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "mirror-bench: " << error.what() << "\n";
    return 70;
  }
}
