#include "sync/lease_period.hpp"

#include <algorithm>

#include "model/streams.hpp"
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
  stop_guard_.emplace(writer_.statement(), "writer", stop_.get_token());
}

LeasePeriod::~LeasePeriod() {
  stop_.request_stop();
  threads_.clear();
  writer_.end();
  stop_guard_.reset();
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
