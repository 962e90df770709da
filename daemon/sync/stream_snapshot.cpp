#include "sync/stream_snapshot.hpp"

#include <fmt/core.h>

#include <map>
#include <set>

#include "db/erased_ids.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/confirmation.hpp"
#include "sync/parallel.hpp"
#include "sync/snapshot_deletions.hpp"
#include "sync/snapshot_progress.hpp"
#include "sync/tail_start.hpp"

namespace mirror::sync {
namespace {

/// A snapshot that was interrupted longer ago than this begins anew: its early pages say too little about today.
constexpr double oldest_resumable_seconds = 24.0 * 3600;

const char* const uncertified_next_step =
    "nothing was deleted on its evidence; it is tried again by itself. If it stays so, ask WorkOS about this list";

/// An instant that is certainly past when the API says that it is `date`, which is cut to whole seconds.
Instant after(Instant date) {
  return {date.microseconds + 1'000'000};
}

}  // namespace

db::SnapshotRecord StreamSnapshot::run(const std::stop_token& stop) {
  open_or_resume(stop);
  set_phase("walking");
  walk(stop);
  session_.writer.flush(stop);
  fault_point("snapshot.after_walk");
  set_phase("confirming");
  settle_suspects(stop);
  if (problem_.empty()) outcome_ = SnapshotDeletions(session_, snapshot_).run(stop);
  fault_point("snapshot.before_finish");
  return finish(stop);
}

/// The API's time is taken before the first page is read (rule R5): what is observed later is younger than the walk,
/// and events from then on are followed.
void StreamSnapshot::open_or_resume(const std::stop_token& stop) {
  const StreamSpec& probed = stream_.scope_table.empty() ? stream_ : *find_stream(stream_.scope_table);
  const auto probe = session_.api.list(probed, {{}, api::ListOrder::descending, 1, {}}, api::Lane::sweep, stop);

  snapshot_ = std::make_shared<SnapshotContext>();
  snapshot_->stream = &stream_;
  db::SnapshotRecord record;
  session_.writer.run(
      [&](WriteSession& write) {
        const auto& rows = write.tables.rows(*stream_.table);
        auto running = write.tables.snapshots.find_running(write.transaction, stream_.name);
        if (running && running->age_seconds > oldest_resumable_seconds) {
          if (running->first_load) record_first_load(write, running->started_at);
          write.tables.snapshots.finish(write.transaction, running->id, stream_.name, "failed",
                                        "interrupted for more than a day", "");
          running.reset();
        }
        if (running) {
          record = *running;
        } else {
          record.first_load = !write.tables.snapshots.has_finished(write.transaction, stream_.name);
          record.started_at = probe.answered_at;
          record.id =
              write.tables.snapshots.open(write.transaction, stream_.name, probe.answered_at, record.first_load);
          write.tables.walks.drop_segments(write.transaction, stream_.name, "");  // of one that was given up
        }
        live_at_start_ = rows.count_live(write.transaction);
        snapshot_->has_candidates = write.tables.walks.has_candidates(write.transaction, record.id);
        snapshot_->has_quarantined = write.tables.quarantine.count(write.transaction) > 0;
        write.tables.tails.start(write.transaction, tail_start(probe.answered_at));
        if (const auto tail = write.tables.tails.read(write.transaction); tail && tail->caught_up_through) {
          snapshot_->tail_began_at = tail->anchor;
          snapshot_->tail_caught_up_through = *tail->caught_up_through;
        }
        stored_walks_ = write.tables.walks.read(write.transaction, stream_.name, "", record.id);
      },
      stop);
  snapshot_->id = record.id;
  snapshot_->started_at = record.started_at;
  snapshot_->first_load = record.first_load;
  rows_before_ = record.counts.rows;
  start_status(record, live_at_start_);
}

void StreamSnapshot::start_status(const db::SnapshotRecord& record, long live_rows) {
  session_.board.update(stream_.name, [&](StreamProgress& progress) {
    const auto certified_at = progress.certified_at;
    progress = {};
    progress.certified_at = certified_at;
    progress.started_at = session_.clock.wall();
    show_counts(record.counts, progress);
    progress.scopes_total = 1;
    progress.expected_rows = static_cast<std::uint64_t>(live_rows);
  });
  if (record.counts.pages > 0) {
    log::info("{}: snapshot {} goes on after {} pages", stream_.name, record.id, record.counts.pages);
  } else {
    log::info("{}: snapshot {} begins{}", stream_.name, record.id, record.first_load ? " (first load)" : "");
  }
}

void StreamSnapshot::walk(const std::stop_token& stop) {
  if (!stream_.scope_table.empty()) {
    walk_scopes(stop);
    if (snapshot_->has_candidates) prove_scopes_with_candidates(stop);
  } else if (stored_walks_.size() == 1 && stored_walks_.front().state != "running") {
    if (rows_before_ == 0) refuse_emptiness();
  } else {
    walk_whole_list(stop);
  }
  if (problem_.empty()) find_orphans(stop);
}

void StreamSnapshot::walk_whole_list(const std::stop_token& stop) {
  walk_result_ = SegmentedWalk(session_, snapshot_, stored_walks_, live_at_start_).run(stop);
  if (!walk_result_.problem.empty()) note_problem(walk_result_.problem);
  if (walk_result_.rows == 0) refuse_emptiness();
}

/// Also of a list that a killed process had read to its end.
void StreamSnapshot::refuse_emptiness() {
  if (live_at_start_ == 0) return;
  note_problem(fmt::format("the list is empty, but the mirror holds {} rows", live_at_start_));
}

/// The lists of many organizations side by side; each walk is serial within its organization.
void StreamSnapshot::walk_scopes(const std::stop_token& stop) {
  std::string parent_error;
  session_.writer.run(
      [&](WriteSession& write) {
        parent_error = write.tables.snapshots.read_stream(write.transaction, stream_.scope_table).error;
        const auto scopes = write.tables.rows(*find_table(stream_.scope_table)).count_live(write.transaction);
        session_.board.update(stream_.name, [&](StreamProgress& progress) {
          progress.scopes_total = static_cast<std::uint64_t>(scopes);
        });
      },
      stop);
  if (!parent_error.empty()) note_problem(fmt::format("the list of {} is not certified", stream_.scope_table));
  // Organizations that appear meanwhile are walked too. A list that can't be finished is not tried twice.
  std::set<std::string> walked;
  while (true) {
    auto scopes = read_scopes(stop);
    std::erase_if(scopes, [&](const db::ScopeToWalk& scope) { return !walked.insert(scope.id).second; });
    if (scopes.empty()) return;
    if (pace_ != nullptr) pace_->begin(scopes.size());
    for_each_parallel(scopes, session_.parallelism(), stop,
                      [&](const db::ScopeToWalk& scope, const std::stop_token& token) {
                        const auto number = static_cast<std::size_t>(&scope - scopes.data());
                        if (pace_ == nullptr || pace_->wait_turn(number, token)) walk_scope(scope, token);
                        session_.board.finished_iteration(stream_.name, longest_request);
                      });
    if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
  }
}

std::vector<db::ScopeToWalk> StreamSnapshot::read_scopes(const std::stop_token& stop) {
  std::vector<db::ScopeToWalk> scopes;
  session_.writer.run(
      [&](WriteSession& write) {
        scopes = write.tables.walks.scopes_to_walk(write.transaction, stream_.scope_table, stream_.name, snapshot_->id);
      },
      stop);
  return scopes;
}

void StreamSnapshot::walk_scope(const db::ScopeToWalk& scope, const std::stop_token& stop) {
  ListSegments whole(session_.options().smallest_segment);
  if (!scope.progress.empty()) whole.restore({{"", WalkTracker::from_json(scope.progress)}});
  auto walk = ListWalk(session_, snapshot_, scope.id, whole, *whole.take());
  const auto result = walk.run(!scope.walked_before, stop);
  const std::lock_guard lock(mutex_);
  if (!result.problem.empty()) note_problem(fmt::format("{} ({})", result.problem, scope.id));
}

/// A short list needs no closing proof as long as it holds everything; one that misses rows is read again with it.
void StreamSnapshot::prove_scopes_with_candidates(const std::stop_token& stop) {
  std::vector<std::string> suspicious;
  session_.writer.run(
      [&](WriteSession& write) {
        suspicious = write.tables.walks.unproven_scopes(write.transaction, stream_.name, snapshot_->id);
      },
      stop);
  for_each_parallel(suspicious, session_.parallelism(), stop,
                    [&](const std::string& scope, const std::stop_token& token) {
                      walk_scope({scope, false, ""}, token);
                    });
}

/// An event may bring a child whose parent never was in the mirror, or died there without it: no list that is walked
/// shows it, so that its absence is no surprise, and only a read by its id tells whether it lives.
void StreamSnapshot::find_orphans(const std::stop_token& stop) {
  session_.writer.run(
      [&](WriteSession& write) {
        const auto find = [&](const TableSpec& table, std::string_view parent_column, std::string_view parent_table) {
          return write.tables.walks.add_orphans(write.transaction, snapshot_->id, table.name, parent_column,
                                                parent_table, snapshot_->started_at);
        };
        long orphans = 0;
        if (!stream_.scope_table.empty()) orphans += find(*stream_.table, stream_.scope_column, stream_.scope_table);
        for (const auto& embedded : stream_.embedded) {
          orphans += find(*embedded.table, embedded.parent_column, stream_.table->name);
        }
        if (orphans > 0) snapshot_->has_candidates = true;
      },
      stop);
}

void StreamSnapshot::settle_suspects(const std::stop_token& stop) {
  std::map<const TableSpec*, std::vector<std::string>> by_table;
  for (auto& suspect : snapshot_->take_suspects()) by_table[suspect.table].push_back(std::move(suspect.id));
  for (const auto& [table, ids] : by_table) confirm(session_, *table, ids, snapshot_, stop);
  if (!by_table.empty()) session_.writer.flush(stop);
}

db::SnapshotRecord StreamSnapshot::finish(const std::stop_token& stop) {
  db::SnapshotRecord record;
  std::optional<Instant> certified_at;
  const Instant read_by = after(session_.api.server_time().value_or(snapshot_->started_at));
  session_.writer.run(
      [&](WriteSession& write) {
        const auto& snapshots = write.tables.snapshots;
        snapshots.add_counts(write.transaction, snapshot_->id, outcome_);
        if (!walk_result_.first_id.empty()) {
          const auto kept = [&](std::string_view id) { return write.erased.holds(id) ? std::string_view() : id; };
          snapshots.set_bounds(write.transaction, snapshot_->id, kept(walk_result_.first_id),
                               kept(walk_result_.last_id));
        }
        write.tables.walks.drop_candidates(write.transaction, snapshot_->id);
        if (snapshot_->first_load) record_first_load(write, snapshot_->started_at);
        if (problem_.empty()) {
          for (const auto* table : tables_of(stream_)) {
            write.tables.quarantine.forget_unseen(write.transaction, table->name, snapshot_->id);
          }
        }
        snapshots.finish(write.transaction, snapshot_->id, stream_.name, problem_.empty() ? "certified" : "uncertified",
                         problem_, problem_.empty() ? "" : uncertified_next_step);
        // What changed while the lists were read may have been read too late to know what was before.
        if (problem_.empty()) snapshots.begin_history(write.transaction, snapshot_->id, stream_.name, read_by);
        record = snapshots.read(write.transaction, snapshot_->id);
        certified_at = snapshots.read_stream(write.transaction, stream_.name).certified_at;
      },
      stop);
  session_.board.update(stream_.name, [&](StreamProgress& progress) {
    progress.phase = "idle";
    progress.finished_at = session_.clock.wall();
    progress.certified_at = certified_at;
    show_counts(record.counts, progress);
    progress.certificate = certificate_of(record);
  });
  return record;
}

void StreamSnapshot::record_first_load(WriteSession& write, Instant started_at) const {
  for (const auto* table : tables_of(stream_)) write.feed.record_snapshot(write.transaction, table->name, started_at);
}

void StreamSnapshot::note_problem(const std::string& problem) {
  if (problem_.empty()) problem_ = problem;
  log::warn("{}: snapshot {} gets no certificate: {}", stream_.name, snapshot_->id, problem);
}

void StreamSnapshot::set_phase(const char* phase) {
  session_.board.update(stream_.name, [&](StreamProgress& progress) { progress.phase = phase; });
}

}  // namespace mirror::sync
