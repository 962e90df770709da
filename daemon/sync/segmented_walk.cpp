#include "sync/segmented_walk.hpp"

#include <algorithm>
#include <utility>

#include "db/mirror_tables.hpp"

namespace mirror::sync {
namespace {

/// While a first load goes on, other lists may show objects by which this one can be cut.
constexpr std::chrono::milliseconds between_looks{500};

std::vector<ListSegments::Task> restored(const std::vector<db::WalkRecord>& stored) {
  std::vector<ListSegments::Task> tasks;
  for (const auto& walk : stored) {
    if (!walk.progress.empty()) tasks.push_back({walk.segment, WalkTracker::from_json(walk.progress)});
  }
  return tasks;
}

}  // namespace

SegmentedWalk::SegmentedWalk(const MirrorSession& session, std::shared_ptr<SnapshotContext> snapshot,
                             const std::vector<db::WalkRecord>& stored, long known_rows)
    : session_(session),
      snapshot_(std::move(snapshot)),
      known_rows_(known_rows),
      segments_(session.options().smallest_segment) {
  // Perhaps nothing is left to read.
  sum_.answered_at = snapshot_->started_at;
  segments_.restore(restored(stored));
}

ListResult SegmentedWalk::run(const std::stop_token& stop) {
  std::stop_source walks_stop;
  const std::stop_callback forward(stop, [&] { walks_stop.request_stop(); });
  look_for_places(stop);
  while (true) {
    const auto seen = segments_.version();
    join_ended();
    if (!walks_stop.stop_requested()) start_walks(walks_stop);
    if (threads_.empty()) break;
    segments_.wait_for_change(seen, {});
  }
  if (first_error_) std::rethrow_exception(first_error_);
  if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
  ListResult result;
  const auto walks = segments_.walks();
  for (const auto& walk : walks) {
    result.rows += walk.rows();
    if (sum_.problem.empty()) sum_.problem = walk.problem();
  }
  result.problem = sum_.problem;
  result.first_id = walks.front().first_id();
  const bool ends_backwards = walks.back().order() == api::ListOrder::descending;
  result.last_id = ends_backwards ? walks.back().first_id() : walks.back().last_id();
  if (!segments_.is_whole() && segments_.is_finished() && sum_.problem.empty()) finish(stop);
  return result;
}

void SegmentedWalk::start_walks(std::stop_source& walks_stop) {
  while (may_start_another()) {
    auto task = segments_.take();
    const bool may_find_more = snapshot_->first_load && session_.clock.now() - looked_at_ >= between_looks;
    if (!task && may_find_more && !threads_.empty()) {
      look_for_places(walks_stop.get_token());
      task = segments_.take();
    }
    if (!task) return;
    start(std::move(*task), walks_stop);
  }
}

bool SegmentedWalk::may_start_another() {
  // More walks would only wait for the writer.
  const bool is_writer_behind = !threads_.empty() && session_.writer.pages().is_used_up();
  return static_cast<int>(threads_.size()) < session_.parallelism() && !is_writer_behind;
}

void SegmentedWalk::start(ListSegments::Task task, std::stop_source& walks_stop) {
  threads_.emplace_back([this, &walks_stop, task = std::move(task)]() mutable {
    const auto segment = task.segment;
    try {
      add_up(ListWalk(session_, snapshot_, {}, segments_, std::move(task)).run(true, walks_stop.get_token()));
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        if (!first_error_) first_error_ = std::current_exception();
      }
      walks_stop.request_stop();
      segments_.release(segment);
    }
    {
      const std::lock_guard lock(mutex_);
      ended_.push_back(std::this_thread::get_id());
    }
    segments_.wake();
  });
}

void SegmentedWalk::join_ended() {
  const std::lock_guard lock(mutex_);
  std::erase_if(threads_, [&](const std::jthread& thread) { return std::ranges::count(ended_, thread.get_id()) > 0; });
  ended_.clear();
}

/// Where the list can be cut: at rows that the last sweep left in the mirror, or, on a first load, at objects that
/// other lists have shown.
void SegmentedWalk::look_for_places(const std::stop_token& stop) {
  looked_at_ = session_.clock.now();
  if (session_.parallelism() == 1) return;
  if (snapshot_->first_load) {
    auto sample = session_.mentioned->of(snapshot_->stream->name);
    return segments_.set_places(std::move(sample.places), sample.rows_per_place);
  }
  std::vector<ListPlace> places;
  session_.writer.run(
      [&](WriteSession& write) {
        places.clear();
        const auto& table = write.tables.rows(*snapshot_->stream->table);
        for (auto& [id, created_at] : table.sample_places(write.transaction)) {
          places.push_back({std::move(id), created_at});
        }
      },
      stop);
  const auto rows_per_place =
      places.empty() ? 0 : static_cast<double>(known_rows_) / static_cast<double>(places.size());
  segments_.set_places(std::move(places), rows_per_place);
}

void SegmentedWalk::add_up(const WalkResult& result) {
  const std::lock_guard lock(mutex_);
  if (sum_.problem.empty()) sum_.problem = result.problem;
  sum_.answered_at = std::max(sum_.answered_at, result.answered_at);
}

/// All parts are read: from here on they are one list again.
void SegmentedWalk::finish(const std::stop_token& stop) {
  session_.writer.run(
      [&](WriteSession& write) {
        const auto& walks = write.tables.walks;
        walks.finish(write.transaction, snapshot_->stream->name, {""}, snapshot_->id, sum_.answered_at, true);
        walks.drop_segments(write.transaction, snapshot_->stream->name, "");
      },
      stop);
}

}  // namespace mirror::sync
