#include "sync/writer.hpp"

#include <memory>
#include <utility>

#include "db/transaction.hpp"
#include "support/log.hpp"

namespace mirror::sync {
namespace {

/// Pages waiting for the writer. With 100 kB a page this bounds the queue to a few megabytes.
constexpr std::size_t queue_capacity = 32;
/// Jobs in one transaction: large enough to make COPY worth it, small enough for a stop within a second.
constexpr std::size_t most_jobs = 24;
/// How long progress without changes may stay uncommitted. A kill costs at most reading these pages again.
constexpr std::chrono::milliseconds longest_hold{1'000};
/// The lease is renewed well within its time to live (15 s by default).
constexpr std::chrono::seconds heartbeat_interval{4};

}  // namespace

Writer::Writer(db::Connection connection, db::Lease& lease, std::string environment, Clock& clock, StatusBoard& board,
               std::function<void(const Error&)> on_failure)
    : connection_(std::move(connection)),
      canceller_(connection_.canceller()),
      lease_(lease),
      environment_(std::move(environment)),
      tables_(connection_, environment_),
      clock_(clock),
      board_(board),
      on_failure_(std::move(on_failure)),
      queue_(queue_capacity),
      last_commit_(clock.now()),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  end();
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
    const auto wake_at = clock_.now() + (held_.empty() ? std::chrono::milliseconds(heartbeat_interval) : longest_hold);
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
  if (!try_write(batch)) write_singly(batch);
  for (auto& job : jobs) {
    if (job.done) job.done->set_value();
    job.done.reset();
  }
}

bool Writer::try_write(std::vector<WriteJob*>& jobs) {
  try {
    db::Transaction transaction(connection_);
    db::ChangeFeed feed(environment_, lease_.next_feed_seq());
    WriteSession session{transaction, tables_, feed};
    BatchProgress unsaved = held_;
    BatchProgress counted;
    const bool overdue = clock_.now() - last_commit_ >= longest_hold;
    if (merge(session, jobs, unsaved, counted) || overdue) {
      unsaved.save(session);
      lease_.commit(transaction, feed.rows());
      held_ = {};
      last_commit_ = clock_.now();
    } else {
      held_ = std::move(unsaved);
    }
    report(counted);
    return true;
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_data) throw;
    return false;
  }
}

void Writer::write_singly(std::vector<WriteJob*>& jobs) {
  for (auto* job : jobs) {
    std::vector<WriteJob*> alone{job};
    if (try_write(alone)) continue;
    if (!take_out_unstorable(*job) || !try_write(alone)) {
      throw Error(Fault::bug, "the database refuses data that none of its rows is to blame for");
    }
  }
}

bool Writer::take_out_unstorable(WriteJob& job) {
  auto* page = std::get_if<PageWrite>(&job.work);
  if (page == nullptr) return false;
  db::Transaction transaction(connection_);
  std::vector<const RowBatch*> batches{&page->page.rows};
  for (const auto& embedded : page->page.embedded) batches.push_back(&embedded);
  for (std::size_t number = 0; number < batches.size(); ++number) {
    const auto& rows = tables_.rows(batches[number]->table());
    for (std::size_t row = 0; row < batches[number]->size(); ++row) {
      auto complaint = rows.storage_error(transaction, {batches[number], row, page->page.answered_at, {}});
      if (!complaint) continue;
      log::warn("{} {} can't be stored and is parked in quarantine: {}", batches[number]->table().name,
                batches[number]->id(row), *complaint);
      page->unstorable.emplace(std::pair{number, row}, std::move(*complaint));
    }
  }
  return !page->unstorable.empty();
}

bool Writer::merge(WriteSession& session, const std::vector<WriteJob*>& jobs, BatchProgress& unsaved,
                   BatchProgress& counted) {
  bool wrote = false;
  BatchProgress progress;
  auto batch = std::make_unique<BatchMerge>(session, progress);
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
    } else {
      // A task sees everything that was queued before it.
      finish_batch();
      std::exchange(unsaved, {}).save(session);
      std::get<WriteTask>(job->work)(session);
      batch = std::make_unique<BatchMerge>(session, progress);
      wrote = true;
    }
  }
  finish_batch();
  return wrote;
}

/// Nothing to do: commit progress that was held back, and show that the lease is alive.
void Writer::keep_alive() {
  db::Transaction transaction(connection_);
  db::ChangeFeed feed(environment_, lease_.next_feed_seq());
  WriteSession session{transaction, tables_, feed};
  held_.save(session);
  lease_.commit(transaction, 0);
  held_ = {};
  last_commit_ = clock_.now();
}

void Writer::report(const BatchProgress& progress) {
  const auto add = [](std::uint64_t& total, std::int64_t more) { total += static_cast<std::uint64_t>(more); };
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
