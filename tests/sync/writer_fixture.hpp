#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/streams.hpp"
#include "sync/writer.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/mirror_fixture.hpp"

namespace mirror::harness {

/// The writer alone, between pages that a test reads from the simulator when it likes and the database.
class WriterFixture {
 public:
  explicit WriterFixture(const MirrorFixture& mirror, const db::DatabaseOptions& database,
                         std::string environment = "default")
      : environment_(environment),
        options_(named(std::move(environment))),
        control_(database, "test control"),
        lease_(environment_, "test-" + environment_, std::chrono::seconds(15)),
        board_(clock_),
        directory_(api::make_api_client(mirror.api_options, clock_)) {
    if (!lease_.try_acquire(control_)) throw std::runtime_error("somebody else holds the lease");
    writer_ = std::make_unique<sync::Writer>(db::Connection(database, "writer"), lease_, options_, clock_, board_,
                                             [this](const Error& error) { failure_ = error; });
  }
  ~WriterFixture() {
    writer_.reset();
    lease_.release(control_);
  }
  WriterFixture(const WriterFixture&) = delete;
  WriterFixture& operator=(const WriterFixture&) = delete;

  /// A snapshot of `stream` that begins now.
  std::shared_ptr<sync::SnapshotContext> open(const StreamSpec& stream) {
    auto context = std::make_shared<sync::SnapshotContext>();
    context->stream = &stream;
    context->started_at = first_page(stream).answered_at;
    writer_->run(
        [&](sync::WriteSession& write) {
          context->id = write.tables.snapshots.open(write.transaction, stream.name, context->started_at, false);
        },
        never_stopped());
    return context;
  }

  [[nodiscard]] api::ListPage first_page(const StreamSpec& stream) const {
    return directory_.list(stream, {}, api::Lane::sweep, never_stopped());
  }

  /// Queues a page that stands for its ids alone.
  void push(const std::shared_ptr<sync::SnapshotContext>& snapshot, api::ListPage page) {
    writer_->push(sync::PageWrite{.snapshot = snapshot,
                                  .part = {},
                                  .page = std::move(page),
                                  .coverage = {},
                                  .progress = "{}",
                                  .unstorable = {}},
                  never_stopped());
  }
  void flush() { writer_->flush(never_stopped()); }
  db::SnapshotRecord counts_of(const sync::SnapshotContext& snapshot) {
    db::SnapshotRecord record;
    writer_->run(
        [&](sync::WriteSession& write) { record = write.tables.snapshots.read(write.transaction, snapshot.id); },
        never_stopped());
    return record;
  }

  [[nodiscard]] sync::Writer& writer() { return *writer_; }
  /// What ended the writer; read it after a call of the writer has thrown.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  static sync::SyncOptions named(std::string environment) {
    sync::SyncOptions options;
    options.environment = std::move(environment);
    return options;
  }

  std::string environment_;
  sync::LiveOptions options_;
  SystemClock clock_;
  db::Connection control_;
  db::Lease lease_;
  sync::StatusBoard board_;
  api::DirectoryApi directory_;
  std::optional<Error> failure_;
  std::unique_ptr<sync::Writer> writer_;
};

}  // namespace mirror::harness
