#include "sync/lease_period.hpp"

#include <algorithm>
#include <condition_variable>

#include "model/streams.hpp"
#include "support/log.hpp"
#include "sync/environment_guard.hpp"

namespace mirror::sync {
namespace {

bool is_enabled(const SyncOptions& options, const StreamSpec& stream) {
  const auto found = options.streams.find(stream.name);
  return found == options.streams.end() || found->second.enabled;
}

}  // namespace

LeasePeriod::LeasePeriod(db::Connection connection, db::Lease& lease, const WorkosApi& api, const LiveOptions& options,
                         Clock& clock, StatusBoard& board, const std::stop_token& stop)
    : forward_stop_(stop, [this] { stop_.request_stop(); }),
      writer_(std::move(connection), lease, options, clock, board,
              [this](const Error& error) {
                {
                  const std::lock_guard lock(mutex_);
                  failure_ = error;
                }
                stop_.request_stop();
              }),
      session_{api.directory, writer_, options, board, clock},
      tail_(session_, api.events, [this] { request_all(); }),
      doubts_(session_) {
  const auto enabled_by = options.get();
  for (const auto* stream : all_streams()) {
    if (!is_enabled(enabled_by, *stream)) continue;
    const auto parent = std::ranges::find_if(
        loops_, [&](const auto& loop) { return loop->stream().table->name == stream->scope_table; });
    loops_.push_back(std::make_unique<StreamLoop>(session_, *stream, parent == loops_.end() ? nullptr : parent->get()));
  }
  stop_guard_ = std::jthread([this](const std::stop_token& ended) { guard_stop(ended); });
}

LeasePeriod::~LeasePeriod() {
  stop_.request_stop();
  threads_.clear();
  writer_.end();
  stop_guard_ = {};
}

void LeasePeriod::guard_stop(const std::stop_token& ended) {
  constexpr std::chrono::seconds patience{2};
  constexpr std::chrono::milliseconds between_attempts{500};
  std::mutex mutex;
  std::condition_variable_any woken;
  // Before the lock is taken: if the stop has been requested already, this runs at once.
  const std::stop_callback wake(stop_.get_token(), [&] {
    const std::lock_guard locked(mutex);
    woken.notify_all();
  });
  std::unique_lock lock(mutex);
  if (!woken.wait(lock, ended, [&] { return stop_.stop_requested(); })) return;
  auto next = patience + std::chrono::milliseconds::zero();
  while (!woken.wait_for(lock, ended, next, [&] { return ended.stop_requested(); })) {
    log::warn("the database has not answered since the stop was requested: cancelling the statement");
    writer_.cancel_statement();
    next = between_attempts;
  }
}

void LeasePeriod::require_same_environment() {
  sync::require_same_environment(session_, stop_.get_token());
}

void LeasePeriod::start() {
  threads_.emplace_back([this] { tail_.run(stop_.get_token()); });
  threads_.emplace_back([this] { doubts_.run(stop_.get_token()); });
  for (const auto& loop : loops_) {
    threads_.emplace_back([this, stream_loop = loop.get()] { stream_loop->run(stop_.get_token()); });
  }
}

void LeasePeriod::request_all() {
  for (const auto& loop : loops_) loop->request();
}

std::vector<StreamResult> LeasePeriod::run_pass() {
  std::vector<StreamResult> results(loops_.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    threads.emplace_back([this, &results, i] { results[i] = loops_[i]->run_once(stop_.get_token()); });
  }
  threads.clear();
  return results;
}

void LeasePeriod::rethrow_failure() const {
  const std::lock_guard lock(mutex_);
  if (failure_) throw Error(*failure_);
}

}  // namespace mirror::sync
