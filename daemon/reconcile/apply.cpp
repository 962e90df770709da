#include "reconcile/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "api/api_client.hpp"
#include "db/change_listener.hpp"
#include "db/directory_reader.hpp"
#include "db/migrator.hpp"
#include "reconcile/action_run.hpp"
#include "reconcile/apply_heartbeat.hpp"
#include "support/log.hpp"

namespace mirror::reconcile {
namespace {

using db::JournalEntry;

constexpr const char* plan_again = "make a new one with `authkit-mirror reconcile plan`";
/// The session of a process that was killed a moment ago may still be there.
constexpr std::chrono::milliseconds patience{3'000};
constexpr std::chrono::milliseconds between_looks{100};
/// Between two looks whether the mirror has seen what was written, where no notification reaches us.
constexpr std::chrono::milliseconds longest_pause{500};

bool is_finished(const JournalEntry& entry) {
  return entry.state == "done" || entry.state == "skipped" || entry.state == "conflict";
}

void require_applicable(const Plan& plan, db::Connection& connection, const ApplyOptions& options) {
  if (plan.environment != options.environment) {
    throw Error(Fault::usage,
                fmt::format("the plan is for environment {}, this is {}", plan.environment, options.environment),
                "apply it with the configuration that it was made with");
  }
  if (!db::is_before(connection, plan.valid_until)) {
    throw Error(Fault::usage, fmt::format("the plan is too old: it was valid until {}", plan.valid_until), plan_again);
  }
  const auto written_at = db::DirectoryReader(connection, plan.environment).feed_written_at(plan.feed_seq);
  if (written_at != plan.feed_written_at) {
    throw Error(Fault::usage,
                fmt::format("the plan was made from another mirror: the last line of its change feed was {} of {}, "
                            "here that line is {}",
                            plan.feed_seq, plan.feed_written_at, written_at.empty() ? "not there" : "of " + written_at),
                plan_again);
  }
}

void require_approval(const Plan& plan, const ApplyOptions& options) {
  if (options.approved || !plan.exceeds_limits()) return;
  throw Error(Fault::bad_data, "the plan is over the limit: " + plan.kinds_over_limit(),
              "read it, and add --approve if it is right");
}

std::vector<JournalEntry> entries_of(const SealedPlan& sealed) {
  std::vector<JournalEntry> entries;
  for (const Action& action : sealed.plan.changes.actions) {
    entries.push_back({action.number,
                       std::string(to_string(action.kind)),
                       action.id,
                       action.organization_id,
                       "planned",
                       fmt::format("authkit-mirror-{}-{}", sealed.digest.substr(0, 32), action.number),
                       {},
                       {},
                       {}});
  }
  return entries;
}

/// The right to apply, given back in the end.
class HeldLease {
 public:
  HeldLease(db::Connection& connection, const ApplyOptions& options, Clock& clock, const std::stop_token& stop)
      : lease(options.environment, options.applied_by, options.lease_ttl), connection_(connection) {
    const auto give_up = clock.now() + patience;
    while (!lease.try_acquire(connection)) {
      if (clock.now() < give_up && clock.wait_for(between_looks, stop)) continue;
      throw Error(Fault::lease_lost, "another process applies a plan to environment " + options.environment,
                  "wait for its end, then try again");
    }
  }
  ~HeldLease() { lease.release(connection_); }
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;

  db::ReconcileLease lease;

 private:
  db::Connection& connection_;
};

/// The user of the membership that `action` adds; empty if there is none.
std::string user_of(const Action& action, const std::vector<JournalEntry>& entries) {
  if (action.user_action == 0) return action.user_id;
  const auto index = static_cast<std::size_t>(action.user_action - 1);
  if (index >= entries.size()) return {};
  const JournalEntry& creation = entries[index];
  return creation.state == "done" || creation.state == "skipped" ? creation.object_id : "";
}

constexpr const char* no_user = "its user was not created";

void take(JournalEntry& entry, const ActionResult& result) {
  entry.state = result.state;
  entry.error = result.why;
  if (result.state == "conflict") return;
  if (!result.object.id.empty()) entry.object_id = result.object.id;
  entry.request_id = result.object.request_id;
  entry.object_updated_at = result.object.updated_at;
}

class Apply {
 public:
  Apply(const SealedPlan& sealed, db::Connection& connection, const db::ReconcileLease& lease,
        const std::shared_ptr<api::ApiClient>& client, Clock& clock, const std::stop_token& stop)
      : actions_(sealed.plan.changes.actions),
        connection_(connection),
        lease_(lease),
        journal_(sealed.plan.environment, sealed.digest),
        calls_(client, stop),
        run_(calls_, clock, stop) {}

  ApplyReport apply() {
    ApplyReport report;
    report.entries = journal_.read(connection_);
    try {
      for (const Action& action : actions_) {
        JournalEntry& entry = report.entries.at(static_cast<std::size_t>(action.number - 1));
        if (!is_finished(entry)) apply_one(action, entry, report.entries);
      }
    } catch (const Error& error) {
      if (error.fault() == Fault::bug) throw;
      report.stopped_by = error;
    }
    close(report);
    return report;
  }

 private:
  /// What was done is told also where the journal can't be closed: the database is away, or somebody else took over.
  void close(ApplyReport& report) const {
    try {
      journal_.close(connection_, lease_, report.stopped_by ? "stopped" : "applied");
    } catch (const Error& error) {
      if (error.fault() == Fault::bug) throw;
      if (!report.stopped_by) report.stopped_by = error;
      log::debug("the journal of the plan stays open: {}", error.what());
    }
  }

  void apply_one(const Action& action, JournalEntry& entry, const std::vector<JournalEntry>& entries) {
    const std::string user = user_of(action, entries);
    const bool was_tried = entry.state != "planned";
    try {
      if (action.kind == ActionKind::add_membership && user.empty()) {
        take(entry, {"conflict", {}, no_user});
      } else {
        take(entry, run_.run(action, user, entry.idempotency_key, was_tried, [&] { start(entry); }));
      }
    } catch (const Error& error) {
      if (error.fault() == Fault::lease_lost || error.fault() == Fault::stopped) throw;
      entry.state = "failed";
      entry.error = error.what();
      if (connection_.is_open()) journal_.finish(connection_, lease_, entry);
      throw;
    }
    journal_.finish(connection_, lease_, entry);
  }

  void start(JournalEntry& entry) {
    journal_.start(connection_, lease_, entry.number);
    entry.state = "started";
  }

  const std::vector<Action>& actions_;
  db::Connection& connection_;
  const db::ReconcileLease& lease_;
  const db::ReconcileJournal journal_;
  const DirectoryCalls calls_;
  const ActionRun run_;
};

ApplyReport report_of_earlier(const db::ReconcileJournal& journal, db::Connection& connection) {
  return {true, journal.read(connection), {}};
}

}  // namespace

long ApplyReport::count(const std::string& state) const {
  return static_cast<long>(std::ranges::count(entries, state, &JournalEntry::state));
}

std::vector<db::OwnWrite> ApplyReport::own_writes() const {
  std::vector<db::OwnWrite> writes;
  for (const JournalEntry& entry : entries) {
    if (entry.state != "done" || entry.object_id.empty()) continue;
    const auto kind = action_kind_of(entry.kind);
    if (kind) writes.push_back({std::string(table_of(*kind)), entry.object_id, entry.object_updated_at});
  }
  return writes;
}

ApplyReport apply_plan(const SealedPlan& sealed, const db::DatabaseOptions& database,
                       const std::shared_ptr<api::ApiClient>& client, Clock& clock, const ApplyOptions& options,
                       const std::stop_token& stop) {
  db::Connection connection(database, "reconcile");
  db::Migrator{connection}.require_current();
  const db::ReconcileJournal journal(sealed.plan.environment, sealed.digest);
  if (journal.state(connection) == "applied") return report_of_earlier(journal, connection);
  require_applicable(sealed.plan, connection, options);
  require_approval(sealed.plan, options);

  const HeldLease held(connection, options, clock, stop);
  if (journal.state(connection) == "applied") return report_of_earlier(journal, connection);
  const ApplyHeartbeat heartbeat(database, held.lease, clock);
  journal.begin(connection, held.lease,
                {sealed.digest, sealed.plan.feed_seq, sealed.plan.valid_until, options.applied_by, options.approved},
                entries_of(sealed));
  return Apply(sealed, connection, held.lease, client, clock, stop).apply();
}

ApplyReport try_plan(const SealedPlan& sealed, const db::DatabaseOptions& database,
                     const std::shared_ptr<api::ApiClient>& client, const ApplyOptions& options,
                     const std::stop_token& stop) {
  db::Connection connection(database, "reconcile");
  db::Migrator{connection}.require_current();
  const db::ReconcileJournal journal(sealed.plan.environment, sealed.digest);
  const std::string state = journal.state(connection);
  if (state == "applied") return report_of_earlier(journal, connection);
  require_applicable(sealed.plan, connection, options);
  ApplyReport report{false, state.empty() ? entries_of(sealed) : journal.read(connection), {}};
  const DirectoryCalls calls(client, stop);
  for (const Action& action : sealed.plan.changes.actions) {
    JournalEntry& entry = report.entries.at(static_cast<std::size_t>(action.number - 1));
    const std::string user = user_of(action, report.entries);
    const bool waits_for_user = action.kind == ActionKind::add_membership && user.empty();
    if (is_finished(entry) || waits_for_user) continue;
    const Sight sight = look_at(action, user, calls);
    if (sight.verdict == Sight::Verdict::as_wanted) take(entry, {"skipped", sight.object.value_or(LiveObject{}), {}});
    if (sight.verdict == Sight::Verdict::otherwise) take(entry, {"conflict", {}, sight.why});
  }
  return report;
}

std::size_t wait_for_mirror(const db::DatabaseOptions& database, const std::string& environment,
                            const std::vector<db::OwnWrite>& writes, std::chrono::seconds limit,
                            const std::stop_token& stop) {
  if (writes.empty() || limit.count() == 0) return 0;
  db::Connection connection(database, "reconcile");
  db::ChangeListener changes(connection);  // before the first look, so that nothing comes in between
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    const std::size_t unseen = db::count_unseen(connection, environment, writes);
    if (unseen == 0 || stop.stop_requested() || std::chrono::steady_clock::now() >= end) return unseen;
    changes.wait(longest_pause);
  }
}

}  // namespace mirror::reconcile
