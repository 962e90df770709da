#include "sync/writer.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "db/transaction.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/erased_content.hpp"
#include "sync/unstorable.hpp"

namespace mirror::sync {
namespace {

/// With 100 kB a page this bounds what sweeps hold to a few megabytes (rule R16). Enough for one transaction's pages to
/// be written while those of the next are read.
constexpr std::size_t most_pages = 80;
/// Jobs waiting for the writer: pages and, however many of them there are, events.
constexpr std::size_t queue_capacity = most_pages + 64;
/// Jobs in one transaction: large enough to make COPY worth it, small enough for a stop within a second.
constexpr std::size_t most_jobs = 64;
/// How long progress without changes may stay uncommitted. A kill costs at most reading these pages again.
constexpr std::chrono::milliseconds longest_hold{1'000};
/// The lease is renewed at least so often (it lives for 15 s by default), and well within a shorter life.
constexpr std::chrono::milliseconds longest_silence{4'000};
constexpr int heartbeats_per_life = 3;

}  // namespace

Writer::Writer(db::Connection connection, db::Lease& lease, const LiveOptions& options, Clock& clock,
               StatusBoard& board, std::function<void(const Error&)> on_failure)
    : connection_(std::move(connection)),
      statement_(connection_.canceller()),
      lease_(lease),
      options_(options),
      environment_(options.get().environment),
      tables_(connection_, environment_),
      erased_(environment_),
      clock_(clock),
      board_(board),
      on_failure_(std::move(on_failure)),
      pages_(most_pages),
      queue_(queue_capacity),
      last_commit_(clock.now()) {
  load_erased();
  thread_ = std::thread([this] { loop(); });
}

Writer::~Writer() {
  end();
}

/// Nobody adds to them without the lease, so what is read once stays complete.
void Writer::load_erased() {
  db::Transaction transaction(connection_);
  erased_.load(transaction);
  transaction.commit();
}

void Writer::end() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
  board_.retire_loop("writer");
}

void Writer::push(PageWrite page, const std::stop_token& stop) {
  enqueue({std::move(page), nullptr}, stop);
}

void Writer::push(SingleWrite single, const std::stop_token& stop) {
  enqueue({std::move(single), nullptr}, stop);
}

void Writer::push(EventWrite events, const std::stop_token& stop) {
  enqueue({std::move(events), nullptr}, stop);
}

std::future<void> Writer::deliver(EventWrite events, const std::stop_token& stop) {
  auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  enqueue({std::move(events), std::move(done)}, stop);
  return finished;
}

void Writer::run(WriteTask task, const std::stop_token& stop) {
  auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  enqueue({std::move(task), std::move(done)}, stop);
  finished.get();
}

void Writer::flush(const std::stop_token& stop) {
  run([](WriteSession&) {}, stop);
}

void Writer::enqueue(WriteJob job, const std::stop_token& stop) {
  if (queue_.push(std::move(job), stop)) return;
  const std::lock_guard lock(failure_mutex_);
  if (failure_) throw Error(*failure_);
  throw Error(Fault::stopped, "stopped");
}

void Writer::loop() {
  const std::stop_token never;
  while (true) {
    const auto life = std::chrono::milliseconds(options_.get().lease_ttl);
    const auto wake_at =
        clock_.now() + std::min(held_.empty() ? longest_silence : longest_hold, life / heartbeats_per_life);
    auto jobs = queue_.take_until(most_jobs, wake_at, never);
    if (jobs.empty() && queue_.is_closed()) break;
    board_.finished_iteration("writer", std::chrono::minutes{2});
    try {
      if (jobs.empty()) {
        keep_alive();
      } else {
        write(jobs);
      }
    } catch (const Error& error) {
      fail(error, jobs);
      return;
    } catch (const std::exception& error) {
      fail(Error(Fault::bug, std::string("the writer failed: ") + error.what()), jobs);
      return;
    }
  }
  try {
    if (!held_.empty()) keep_alive();
  } catch (const Error& error) {
    log::debug("the last progress was not committed and will be read again: {}", error.what());
  }
}

void Writer::write(std::vector<WriteJob>& jobs) {
  std::vector<WriteJob*> batch;
  for (auto& job : jobs) batch.push_back(&job);
  if (!try_write(batch, Lookup::by_range) && !try_write(batch, Lookup::by_id)) write_singly(batch);
  for (auto& job : jobs) {
    if (job.done) job.done->set_value();
    job.done.reset();
  }
}

bool Writer::try_write(std::vector<WriteJob*>& jobs, Lookup lookup) {
  try {
    db::Transaction transaction(connection_);
    fault_point("writer.after_begin");
    db::ChangeFeed feed(environment_, lease_.next_feed_seq());
    WriteSession session{transaction, tables_, feed, erased_};
    const bool looked = prepare_feed(session);
    BatchProgress unsaved = held_;
    BatchProgress counted;
    const bool overdue = clock_.now() - last_commit_ >= longest_hold;
    if (merge(session, jobs, lookup, unsaved, counted) || overdue) {
      unsaved.save(session);
      fault_point("writer.before_commit");
      commit(transaction, feed.rows());
      if (looked) looked_at_months_ = clock_.now();
      fault_point("writer.after_commit");
      held_ = {};
    } else {
      held_ = std::move(unsaved);
    }
    report(counted);
    return true;
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_data) throw;
    complaint_ = error.what();
    return false;
  }
}

void Writer::write_singly(std::vector<WriteJob*>& jobs) {
  for (auto* job : jobs) {
    std::vector<WriteJob*> alone{job};
    if (try_write(alone, Lookup::by_id)) continue;
    if (!take_out_unstorable(*job) || !try_write(alone, Lookup::by_id)) {
      throw Error(Fault::bug, "the database refuses data that none of its rows is to blame for: " + complaint_,
                  "look for constraints and triggers that were added to tables of the mirror's own state");
    }
  }
}

bool Writer::take_out_unstorable(WriteJob& job) {
  db::Transaction transaction(connection_);
  if (auto* page = std::get_if<PageWrite>(&job.work)) return sync::take_out_unstorable(transaction, tables_, *page);
  if (auto* single = std::get_if<SingleWrite>(&job.work)) {
    return sync::take_out_unstorable(transaction, tables_, *single);
  }
  if (auto* events = std::get_if<EventWrite>(&job.work)) {
    return sync::take_out_unstorable(transaction, tables_, *events);
  }
  return false;
}

bool Writer::merge(WriteSession& session, const std::vector<WriteJob*>& jobs, Lookup lookup, BatchProgress& unsaved,
                   BatchProgress& counted) {
  bool wrote = false;
  BatchProgress progress;
  const BrakeOptions brake = options_.get().brake;
  auto batch = std::make_unique<BatchMerge>(session, brake, progress, lookup);
  const auto finish_batch = [&] {
    wrote = batch->flush() || wrote;
    counted.add(BatchProgress(progress));
    unsaved.add(std::exchange(progress, {}));
  };
  for (auto* job : jobs) {
    if (const auto* page = std::get_if<PageWrite>(&job->work)) {
      batch->add(*page);
    } else if (const auto* single = std::get_if<SingleWrite>(&job->work)) {
      batch->add(*single);
    } else if (auto* events = std::get_if<EventWrite>(&job->work)) {
      leave_out_erased(erased_, *events);
      batch->add(*events);
    } else {
      // A task sees everything that was queued before it.
      finish_batch();
      std::exchange(unsaved, {}).save(session);
      std::get<WriteTask>(job->work)(session);
      batch = std::make_unique<BatchMerge>(session, brake, progress, lookup);
      wrote = true;
    }
  }
  finish_batch();
  return wrote;
}

/// There is always a month in hand.
bool Writer::prepare_feed(WriteSession& session) {
  constexpr std::chrono::hours between_looks{24};
  if (looked_at_months_ && clock_.now() - *looked_at_months_ < between_looks) return false;
  session.tables.feed_retention.prepare_partitions(session.transaction);
  return true;
}

/// Nothing to do: commit progress that was held back, and show that the lease is alive.
void Writer::keep_alive() {
  db::Transaction transaction(connection_);
  fault_point("writer.keep_alive");
  db::ChangeFeed feed(environment_, lease_.next_feed_seq());
  WriteSession session{transaction, tables_, feed, erased_};
  held_.save(session);
  commit(transaction, 0);
  held_ = {};
}

void Writer::commit(db::Transaction& transaction, std::int64_t feed_rows) {
  const auto began = clock_.now();
  lease_.commit(transaction, feed_rows);
  last_commit_ = clock_.now();
  board_.add_commit(last_commit_ - began);
}

void Writer::report(const BatchProgress& progress) {
  if (!progress.events.empty()) board_.add_events(progress.events);
  board_.add_left_out(erased_.take_left_out());
  // A row that two walks show may be subtracted before it is added.
  const auto add = [](std::uint64_t& total, std::int64_t more) {
    total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, static_cast<std::int64_t>(total) + more));
  };
  for (const auto& entry : progress.counts) {
    const db::SnapshotCounts& counts = entry.second;
    board_.update(entry.first->stream->name, [&](StreamProgress& stream) {
      add(stream.pages, counts.pages);
      add(stream.rows, counts.rows);
      add(stream.inserted, counts.inserted);
      add(stream.changed, counts.changed);
      add(stream.unchanged, counts.unchanged);
      add(stream.stale, counts.stale);
      add(stream.poisoned, counts.poisoned);
      add(stream.scopes_done, counts.scopes);
    });
  }
}

void Writer::fail(const Error& error, std::vector<WriteJob>& jobs) {
  {
    const std::lock_guard lock(failure_mutex_);
    failure_ = error;
  }
  queue_.close();
  const std::stop_token never;
  for (auto& waiting : queue_.take(queue_capacity, never)) jobs.push_back(std::move(waiting));
  on_failure_(error);  // before anybody who waits learns of it, so that they find the session stopped
  for (auto& job : jobs) {
    if (job.done) job.done->set_exception(std::make_exception_ptr(error));
  }
}

}  // namespace mirror::sync
