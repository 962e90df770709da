#pragma once

#include <chrono>
#include <future>
#include <stop_token>
#include <thread>
#include <vector>

#include "db/connection.hpp"
#include "db/erased_ids.hpp"
#include "db/lease.hpp"
#include "db/mirror_tables.hpp"
#include "support/bounded_queue.hpp"
#include "support/clock.hpp"
#include "support/error.hpp"
#include "sync/batch_merge.hpp"
#include "sync/live_options.hpp"
#include "sync/page_budget.hpp"
#include "sync/status_board.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// The one writer of an environment: takes what is queued, writes it as one transaction that ends with the lease's
/// compare-and-swap (rule R11), and answers whoever waits. A used-up budget of pages holds walks back, a full queue
/// everybody. Batches in which nothing differs are only read; their progress is committed with the next one that
/// writes, or after a second (rule R13). Never waits for the network. push() and run() are thread-safe.
class Writer {
 public:
  /// Takes over `connection` and `lease`, which must be held. `on_failure` is called once, from the writer's thread,
  /// when it can't go on (database away, lease lost); after it every job fails with that error. Throws Error as
  /// Transaction does.
  Writer(db::Connection connection, db::Lease& lease, const LiveOptions& options, Clock& clock, StatusBoard& board,
         std::function<void(const Error&)> on_failure);
  ~Writer();

  /// Writes what is still queued, then ends the thread. Nothing can be queued any more.
  void end();

  /// Queues a page. Throws the writer's error once it has failed, or Error (stopped).
  void push(PageWrite page, const std::stop_token& stop);
  /// Queues an object that was read by its id.
  void push(SingleWrite single, const std::stop_token& stop);
  /// Queues events. However many pages wait, there are places for them in the queue.
  void push(EventWrite events, const std::stop_token& stop);
  /// The same; the result becomes ready after the commit.
  [[nodiscard]] std::future<void> deliver(EventWrite events, const std::stop_token& stop);
  /// Runs `task` in the writer's order and returns after its commit; throws what it threw.
  void run(WriteTask task, const std::stop_token& stop);
  /// Returns once everything queued before is committed.
  void flush(const std::stop_token& stop);

  /// Whoever reads a page in order to push it takes a place first. Events and tasks need none.
  [[nodiscard]] PageBudget& pages() { return pages_; }
  /// Jobs that wait for the next transaction.
  [[nodiscard]] std::size_t queued_jobs() const { return queue_.size(); }

  /// Cancels the running statement. The batch then fails as if the database were away; nothing of it is written.
  [[nodiscard]] const db::Canceller& statement() const { return statement_; }

 private:
  void loop();
  void enqueue(WriteJob job, const std::stop_token& stop);
  void write(std::vector<WriteJob>& jobs);
  /// One transaction over `jobs`. Returns false if the database refuses the data of a job.
  bool try_write(std::vector<WriteJob*>& jobs, Lookup lookup);
  void write_singly(std::vector<WriteJob*>& jobs);
  /// Finds the rows that PostgreSQL refuses and takes them out of the page; false if there are none.
  bool take_out_unstorable(WriteJob& job);
  /// Merges `jobs`; `unsaved` holds the progress that is not in the transaction yet, `counted` all of this batch.
  /// Returns whether there is anything to commit.
  bool merge(WriteSession& session, const std::vector<WriteJob*>& jobs, Lookup lookup, BatchProgress& unsaved,
             BatchProgress& counted);
  /// Makes the feed's partitions in time, before anything is recorded. Returns whether it looked.
  bool prepare_feed(WriteSession& session);
  void keep_alive();
  void commit(db::Transaction& transaction, std::int64_t feed_rows);
  void report(const BatchProgress& progress);
  void load_erased();
  void fail(const Error& error, std::vector<WriteJob>& jobs);

  db::Connection connection_;
  db::Canceller statement_;
  db::Lease& lease_;
  const LiveOptions& options_;
  std::string environment_;
  db::MirrorTables tables_;
  db::ErasedIds erased_;
  Clock& clock_;
  StatusBoard& board_;
  std::function<void(const Error&)> on_failure_;

  PageBudget pages_;
  BoundedQueue<WriteJob> queue_;
  BatchProgress held_;  ///< progress of batches that had nothing to write
  Clock::TimePoint last_commit_;
  std::optional<Clock::TimePoint> looked_at_months_;  ///< of the feed; empty: not yet

  std::string complaint_;  ///< of the database about the data of the last batch it refused

  std::mutex failure_mutex_;
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace mirror::sync
