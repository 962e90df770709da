#include "tests/harness/stepped_mirror.hpp"

#include <atomic>

#include "model/streams.hpp"

namespace mirror::harness {
namespace {

std::string next_instance() {
  static std::atomic<int> made{0};
  return "stepped-" + std::to_string(made++);
}

Clock& host_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace

SteppedMirror::SteppedMirror(const db::DatabaseOptions& database, const sync::SyncOptions& options,
                             const api::ApiOptions& api, Clock* api_clock)
    : SteppedMirror(database, options, api::make_api_client(api, api_clock == nullptr ? host_clock() : *api_clock),
                    host_clock()) {}

SteppedMirror::SteppedMirror(const db::DatabaseOptions& database, const sync::SyncOptions& options,
                             const std::shared_ptr<api::ApiClient>& client, Clock& clock)
    : clock_(clock),
      control_(database, "test control"),
      lease_(options.environment, next_instance(), options.lease_ttl),
      board_(clock_),
      workos_(client),
      options_(options),
      session_{workos_.directory,
               *(writer_ =
                     [&] {
                       if (!lease_.try_acquire(control_)) throw std::runtime_error("somebody else holds the lease");
                       return std::make_unique<sync::Writer>(db::Connection(database, "writer"), lease_, options_,
                                                             clock_, board_,
                                                             [this](const Error& error) { failure_ = error; });
                     }()),
               options_, board_, clock_},
      tail_(session_, workos_.events, [this] { ++resyncs_; }),
      doubts_(session_) {}

SteppedMirror::~SteppedMirror() {
  writer_->end();
  if (!abandoned_) lease_.release(control_);
}

db::SnapshotRecord SteppedMirror::sweep(const StreamSpec& stream) {
  return sync::StreamSnapshot(session_, stream).run({});
}

sync::StreamResult SteppedMirror::attempt(const StreamSpec& stream) {
  return sync::StreamLoop(session_, stream, nullptr).run_once({});
}

void SteppedMirror::sweep_all() {
  for (const auto* stream : all_streams()) sweep(*stream);
}

bool SteppedMirror::poll() {
  return tail_.poll({});
}

void SteppedMirror::catch_up() {
  while (poll()) {
  }
  settle_doubts();
}

void SteppedMirror::settle_doubts() {
  while (doubts_.settle_some({})) {
  }
  session_.writer.flush({});
}

sync::Delivery SteppedMirror::deliver(std::string_view body) {
  return sync::deliver_event(session_, tail_, body, {});
}

}  // namespace mirror::harness
