// What must hold between the steps of a history, and when it has come to rest.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/streams.hpp"
#include "sync/event_replay.hpp"
#include "sync/hold_decision.hpp"
#include "tests/harness/truth_comparison.hpp"
#include "tests/histories/history_run.hpp"
#include "tests/simulator/random.hpp"

namespace mirror::histories {
namespace {

using nlohmann::json;

/// Longer than any skew of a fault, any delay of an event and any step back of the API's clock.
constexpr std::chrono::hours time_to_rest{3};
constexpr std::chrono::seconds between_sweeps{10};
constexpr int most_restarts_of_tail = 3;
constexpr std::size_t instants_per_history = 3;

bool comes_from_events(Action action) {
  return action == Action::poll || action == Action::webhook || action == Action::retry || action == Action::replay;
}

}  // namespace

void HistoryRun::check_step(const Step& step) {
  const auto now = read_view(database_, environment_);
  check_deaths(now, step);
  if (step.action != Action::poll && now.cursor != before_.cursor) {
    throw Violation(fmt::format("the cursor moved without a poll, from {} to {} (R4)", before_.cursor, now.cursor));
  }
  {
    const std::lock_guard lock(mutex_);
    if (!now.cursor.empty() && !shown_.contains(now.cursor)) {
      throw Violation(fmt::format("the cursor {} is no event that GET /events returned (R4)", now.cursor));
    }
  }
  const auto dead = now.rows.find(deleted_in_flight_);
  if (dead != now.rows.end() && dead->second.lives) {
    throw Violation(fmt::format("a page read before the deletion of {} brought it to life (R3)", dead->first));
  }
  if (step.action == Action::wake_old) {
    for (const auto& [id, row] : now.rows) {
      const auto before = before_.rows.find(id);
      if (before == before_.rows.end() || before->second.lives != row.lives) {
        throw Violation(fmt::format("a process without the lease wrote {} (R11)", id));
      }
    }
  }
  before_ = now;
  if (noted_at_ >= 0) return;
  const auto loaded = fmt::format(
      "SELECT count(DISTINCT table_name) FROM workos.changes WHERE _env = '{}' AND op = 'snapshot'", environment_);
  if (database_.count(loaded) < static_cast<std::int64_t>(all_tables().size())) return;
  noted_at_ = database_.count(fmt::format("SELECT feed_seq FROM workos.lease WHERE _env = '{}'", environment_));
  noted_ = harness::read_content(database_, environment_);
}

void HistoryRun::check_deaths(const MirrorView& now, const Step& step) const {
  const auto alive = const_cast<DirectorySteps&>(directory_).alive();
  std::map<std::string, long> deaths;
  for (const auto& [id, row] : now.rows) {
    if (row.lives) continue;
    const bool is_ordered = !directory_.has_stepped_back();
    if (is_ordered && alive.contains(id) && !directory_.was_deleted_once(id)) {
      throw Violation(fmt::format("{} {} is dead by {}, but was never deleted (R3)", row.table, id, row.deleted_by));
    }
    const auto before = before_.rows.find(id);
    // Children of a parent that the mirror never knew are not counted by the brake.
    if (row.deleted_by == "event" && before != before_.rows.end() && before->second.lives) ++deaths[row.table];
  }
  // Deletions of another hour do not count.
  if (!comes_from_events(step.action) || directory_.has_jumped()) return;
  for (const auto& [table, count] : deaths) {
    if (count <= history_.setting.most_deletions) continue;
    throw Violation(fmt::format("{} of {} died by events at once, and {} are the limit (R8)", count, table,
                                history_.setting.most_deletions));
  }
}

/// Faults off, time passes, and everything that the daemon does by itself is done.
void HistoryRun::come_to_rest() {
  crashes_.disarm();
  heal();
  old_.reset();
  directory_.pass(time_to_rest);
  try {
    for (int round = 0; round < 2; ++round) {
      catch_up();
      if (round == 0) check_events_alone();
      sync::retry_events(mirror().session(), false, {});
      for (const auto* stream : all_streams()) {
        directory_.pass(between_sweeps);
        sweep(*stream);
      }
      // An approval may leave another hold nothing to decide about.
      for (auto holds = open_holds(); !holds.empty(); holds = open_holds()) {
        sync::approve_hold(mirror().session(), holds.front(), "a history", {});
      }
      mirror().settle_doubts();
    }
    // History reaches as far as events were followed.
    directory_.pass(between_sweeps);
    clock_.wait_for(between_sweeps, {});
    catch_up();
  } catch (const Error& error) {
    throw Violation(fmt::format("the mirror does not come to rest: {}", error.what()));
  }
  bury_crashed();
}

/// Before any sweep could mend it: what events tell is true already (R1, R3, R16).
void HistoryRun::check_events_alone() {
  if (!history_.setting.tells_all || noted_at_ < 0) return;
  for (const auto* table : all_tables()) {
    auto found = harness::differences(database_, *table, workos_.truth(table->name), "workos", environment_);
    std::erase_if(found, [&](const std::string& line) {
      // In events memberships lack the name of their organization.
      return table->name == "organization_memberships" &&
             (line.find(".organization_name:") != line.npos || line.find("._raw:") != line.npos);
    });
    if (!found.empty()) throw Violation(fmt::format("events alone leave a difference: {}", fmt::join(found, "; ")));
  }
}

void HistoryRun::catch_up() {
  for (int restarts = 0;; ++restarts) {
    try {
      return mirror().catch_up();
    } catch (const Error& error) {
      // A cursor that was refused too often waits for a person.
      const bool is_lost = error.fault() == Fault::bad_data && api_misbehaved_;
      if (!is_lost || restarts == most_restarts_of_tail) throw;
      mirror().tail().restart({});
    }
  }
}

void HistoryRun::check_rest() {
  for (const auto* table : all_tables()) {
    const auto found = harness::differences(database_, *table, workos_.truth(table->name), "workos", environment_);
    if (!found.empty()) throw Violation(fmt::format("mirror and truth differ: {}", fmt::join(found, "; ")));
  }
  check_feed();
  check_archive();
  check_present();
  check_history();
  const auto fingerprint = read_fingerprint(database_, environment_);
  for (const auto* stream : all_streams()) {
    directory_.pass(between_sweeps);
    const auto result = mirror().attempt(*stream);
    if (!result.is_certified()) {
      throw Violation(fmt::format("{}: the last sweep got no certificate: {}", stream->name,
                                  result.snapshot ? result.snapshot->reason : result.error));
    }
  }
  mirror().session().writer.flush({});
  if (fingerprint != read_fingerprint(database_, environment_)) {
    throw Violation("a sweep over an unchanged mirror wrote (R13)");
  }
}

void HistoryRun::check_feed() {
  const auto numbers = database_.rows(
      fmt::format("SELECT count(*), COALESCE(max(seq), 0), COALESCE(min(seq), 1), "
                  "(SELECT feed_seq FROM workos.lease WHERE _env = '{0}') FROM workos.changes WHERE _env = '{0}'",
                  environment_))[0];
  if (numbers[0] != numbers[1] || numbers[2] != "1" || numbers[0] != numbers[3]) {
    throw Violation(fmt::format("the feed has a gap: {}", fmt::join(numbers, ", ")));
  }
  if (noted_at_ < 0) return;
  auto rewound = harness::read_content(database_, environment_);
  harness::rewind(rewound, database_, noted_at_, environment_);
  for (const auto& [key, state] : noted_) {
    if (rewound[key] != state) throw Violation(fmt::format("the feed read backwards gives another {}", key));
  }
  // A tombstone of what never lived here is in the mirror without a change.
  for (const auto& [key, state] : rewound) {
    if (!noted_.contains(key) && state.lives) throw Violation(fmt::format("the feed does not tell how {} came", key));
  }
}

void HistoryRun::check_archive() {
  const auto duplicates = database_.count(
      fmt::format("SELECT count(*) - count(DISTINCT id) FROM workos.events WHERE _env = '{}'", environment_));
  if (duplicates != 0) throw Violation("an event is in the archive twice");
  const auto orphans = database_.count(fmt::format(
      "SELECT count(*) FROM workos.organization_memberships AS child WHERE _env = '{0}' AND _deleted_at IS NULL AND "
      "(EXISTS (SELECT FROM workos.users WHERE _env = '{0}' AND id = child.user_id AND _deleted_at IS NOT NULL) OR "
      "EXISTS (SELECT FROM workos.organizations WHERE _env = '{0}' AND id = child.organization_id AND "
      "_deleted_at IS NOT NULL))",
      environment_));
  if (orphans != 0) throw Violation("a child outlives its parent (R9)");
  // What the API hid behind a fault or a leap in time may be passed over.
  if (api_misbehaved_ || directory_.has_jumped() || directory_.has_stepped_back()) return;
  std::set<std::string> archived;
  for (const auto& row : database_.rows(fmt::format("SELECT id FROM workos.events WHERE _env = '{}'", environment_))) {
    archived.insert(row[0]);
  }
  for (const auto& [id, created_at] : shown_) {
    if (!archived.contains(id)) throw Violation(fmt::format("the event {} was shown and is not in the archive", id));
  }
}

/// Whatever arrived, in whatever order: history ends with what the mirror holds.
void HistoryRun::check_present() {
  const auto known = database_.rows(
      fmt::format("SELECT max(history_since)::text, (SELECT caught_up_through::text FROM workos.event_tails WHERE "
                  "_env = '{0}'), count(history_since) = {1} FROM workos.streams WHERE _env = '{0}'",
                  environment_, all_streams().size()))[0];
  if (known[2] != "t" || known[1] == "NULL" || parse_instant(known[0]) > parse_instant(known[1])) {
    throw Violation(fmt::format("history has not begun: {}", fmt::join(known, ", ")));
  }
  // What the API dates later than now is not past.
  if (directory_.has_stepped_back() || api_misbehaved_) return;
  for (const auto* table : all_tables()) {
    const auto others = database_.rows(
        fmt::format("SELECT id, past.updated_at, live.updated_at FROM workos.{0}_as_of('{1}', '{2}') AS past FULL JOIN "
                    "(SELECT * FROM workos.{0}_live WHERE _env = '{2}') AS live USING (id) "
                    "WHERE past.updated_at IS DISTINCT FROM live.updated_at",
                    table->name, known[1], environment_));
    for (const auto& row : others) {
      throw Violation(fmt::format("history ends with another {} {} than the mirror", table->name, fmt::join(row, " ")));
    }
  }
}

/// As long as every change was told, in whatever order and however often, history is the directory's.
void HistoryRun::check_history() {
  if (!history_.setting.tells_all) return;
  const auto since = parse_instant(
      database_.value(fmt::format("SELECT max(history_since) FROM workos.streams WHERE _env = '{}'", environment_)));
  const auto through = parse_instant(
      database_.value(fmt::format("SELECT caught_up_through FROM workos.event_tails WHERE _env = '{}'", environment_)));
  simulator::Random random(history_.seed);
  auto instants = directory_.instants();
  std::erase_if(instants, [&](const Instant& at) { return at < *since || at > *through; });
  for (std::size_t i = 0; i < instants_per_history && !instants.empty(); ++i) {
    // At a change, shortly before one, or somewhere.
    const Instant change = instants[random.below(instants.size())];
    Instant moment = change;
    if (i % 3 == 1) moment.microseconds -= 1'000;
    if (i % 3 == 2) moment.microseconds = random.between(since->microseconds, instants.back().microseconds);
    if (moment >= *since) check_instant(moment);
  }
}

void HistoryRun::check_instant(Instant moment) {
  ++tally_.instants;
  const auto& truth = directory_.truth_at(moment);
  for (const auto* table : all_tables()) {
    const auto found =
        harness::differences_as_of(database_, *table, truth.at(std::string(table->name)), moment, environment_);
    if (found.empty()) continue;
    throw Violation(fmt::format("the past of {} is told wrongly (R16): {}", to_string(moment), fmt::join(found, "; ")));
  }
}

void HistoryRun::listen(const api::HttpRequest& request, const api::HttpResponse& response) {
  if (response.status != 200) return;
  const std::lock_guard lock(mutex_);
  if (in_flight_ != nullptr && request.target.starts_with(in_flight_->list_path)) delete_unknown_of(response.body);
  if (!request.target.starts_with("/events")) return;
  const auto page = json::parse(response.body, nullptr, false);
  if (page.is_discarded() || !page.contains("data")) return;
  for (const auto& event : page["data"]) shown_[event.value("id", "")] = event.value("created_at", "");
}

}  // namespace mirror::histories
