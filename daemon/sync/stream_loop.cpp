#include "sync/stream_loop.hpp"

#include <fmt/core.h>

#include <random>

#include "support/log.hpp"
#include "sync/stream_snapshot.hpp"

namespace mirror::sync {
namespace {

constexpr std::chrono::milliseconds first_backoff{2'000};
constexpr std::chrono::milliseconds longest_backoff{300'000};
/// A sweep that is spread over more could not be resumed after a restart.
constexpr std::chrono::hours longest_sweep{12};
/// A loop that waits is woken now and then, so that the watchdog sees it alive (rule R12).
constexpr std::chrono::seconds longest_nap{30};
/// A tail that has not polled for so long tells of no changes.
constexpr std::chrono::minutes stale_tail{1};

Clock::Duration with_jitter(std::chrono::seconds interval, double jitter) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  const double factor = 1.0 + std::uniform_real_distribution<double>{-jitter, jitter}(random);
  return std::chrono::duration_cast<Clock::Duration>(
      std::chrono::duration<double>(static_cast<double>(interval.count()) * factor));
}

}  // namespace

StreamLoop::StreamLoop(const MirrorSession& session, const StreamSpec& stream, StreamLoop* parent)
    : session_(session),
      stream_(stream),
      parent_(parent),
      pace_(session.clock, [this] { session_.board.finished_iteration(stream_.name, longest_request); }),
      backoff_(first_backoff, longest_backoff) {
  const auto all = session.options().streams;
  if (const auto own = all.find(stream.name); own != all.end()) options_ = own->second;
}

void StreamLoop::run(const std::stop_token& stop) {
  const auto delay = first_delay(stop);
  {
    const std::lock_guard lock(mutex_);
    due_at_ = session_.clock.now() + delay;
    is_scheduled_ = true;
    changed_.notify_all();
  }
  while (true) {
    wait_until_due(stop);
    wait_for_parent(stop);
    if (stop.stop_requested()) break;
    const auto began = session_.clock.now();
    const auto result = attempt(stop);
    if (stop.stop_requested()) break;
    const auto next = delay_after(result);
    const std::lock_guard lock(mutex_);
    // A leisurely sweep takes most of its interval.
    due_at_ = (result.is_certified() ? began : session_.clock.now()) + next;
  }
  session_.board.retire_loop(stream_.name);
}

StreamResult StreamLoop::run_once(const std::stop_token& stop) {
  if (parent_ != nullptr) parent_->wait_for_attempt(stop);
  return attempt(stop);
}

std::int64_t StreamLoop::request() {
  const std::lock_guard lock(mutex_);
  requested_ = true;
  pace_.hurry();
  changed_.notify_all();
  // An attempt under way began before the request and may have passed what it is about.
  return attempts_ + (running_ ? 2 : 1);
}

std::optional<StreamResult> StreamLoop::result_of(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  if (attempts_ < number) return std::nullopt;
  return last_result_;
}

void StreamLoop::reconfigure(const StreamOptions& options) {
  const std::lock_guard lock(mutex_);
  options_ = options;
}

void StreamLoop::wait_until_due(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && !requested_ && session_.clock.now() < due_at_) {
    session_.board.finished_iteration(stream_.name, 4 * longest_nap);
    changed_.wait_until(lock, stop, std::min(due_at_, session_.clock.now() + longest_nap), [&] { return requested_; });
  }
}

/// A parent whose API is slow or away may take longer than a child may be silent.
void StreamLoop::wait_for_parent(const std::stop_token& stop) {
  if (parent_ == nullptr) return;
  do {
    session_.board.finished_iteration(stream_.name, 4 * longest_nap);
  } while (!parent_->wait_until_settled(stop) && !stop.stop_requested());
}

bool StreamLoop::wait_until_settled(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, stop, session_.clock.now() + longest_nap, [&] {
    return is_scheduled_ && !running_ && !requested_ && (attempts_ > 0 || session_.clock.now() < due_at_);
  });
}

void StreamLoop::wait_for_attempt(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return attempts_ > 0; });
}

Clock::Duration StreamLoop::first_delay(const std::stop_token& stop) {
  db::StreamRecord record;
  bool interrupted = false;
  try {
    session_.writer.run(
        [&](WriteSession& write) {
          record = write.tables.snapshots.read_stream(write.transaction, stream_.name);
          interrupted = write.tables.snapshots.find_running(write.transaction, stream_.name).has_value();
        },
        stop);
  } catch (const Error& error) {
    log::debug("{}: {}", stream_.name, error.what());  // the session is over; run() sees the stop
    return {};
  }
  session_.board.update(stream_.name, [&](StreamProgress& progress) { progress.certified_at = record.certified_at; });
  if (interrupted || !record.seconds_since_certified || !record.error.empty()) return {};
  const auto interval = with_jitter(options_.sweep_interval, options_.sweep_jitter);
  const auto since = std::chrono::duration_cast<Clock::Duration>(
      std::chrono::duration<double>(record.seconds_since_start.value_or(0)));
  return std::max(Clock::Duration::zero(), interval - since);
}

Clock::Duration StreamLoop::delay_after(const StreamResult& result) {
  const std::lock_guard lock(mutex_);
  const auto interval = with_jitter(options_.sweep_interval, options_.sweep_jitter);
  if (result.is_certified()) {
    backoff_.reset();
    return interval;
  }
  const Clock::Duration rest = first_backoff + backoff_.next();
  return std::min(interval, rest);
}

Clock::Duration StreamLoop::leisure() const {
  const auto tail = session_.board.tail();
  const auto streams = session_.board.streams();
  const auto own = streams.find(stream_.name);
  const bool was_certified = own != streams.end() && own->second.certified_at.has_value();
  const bool events_are_followed = tail.polled_at && session_.clock.now() - *tail.polled_at < stale_tail;
  if (!was_certified || !events_are_followed || last_result_.fault != Fault::stopped) return {};
  const auto share = std::chrono::duration_cast<Clock::Duration>(options_.sweep_interval) * 4 / 5;
  return std::min<Clock::Duration>(share, longest_sweep);
}

StreamResult StreamLoop::attempt(const std::stop_token& stop) {
  session_.board.finished_iteration(stream_.name, longest_request);
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
    pace_.spread_over(requested_ || !is_scheduled_ ? Clock::Duration::zero() : leisure());
    requested_ = false;
  }
  StreamResult result;
  result.stream = stream_.name;
  try {
    result.snapshot = StreamSnapshot(session_, stream_, &pace_).run(stop);
  } catch (const Error& error) {
    result.fault = error.fault();
    result.error = error.what();
    result.next_step = error.next_step();
  } catch (const std::exception& error) {
    result.fault = Fault::bug;
    result.error = error.what();
  }
  if (!stop.stop_requested()) note(result, stop);
  const std::lock_guard lock(mutex_);
  running_ = false;
  ++attempts_;
  last_result_ = result;
  changed_.notify_all();
  return result;
}

void StreamLoop::note(const StreamResult& result, const std::stop_token& stop) {
  session_.board.finished_iteration(stream_.name, longest_request);
  raise_or_clear(result);
  if (result.snapshot) {
    const auto& counts = result.snapshot->counts;
    log::info("{}: snapshot {} {}: {} rows on {} pages, {} new, {} changed, {} unchanged, {} deleted, {} held",
              stream_.name, result.snapshot->id, result.snapshot->state, counts.rows, counts.pages, counts.inserted,
              counts.changed, counts.unchanged, counts.deleted, counts.held);
    return;
  }
  log::warn("{}: the snapshot failed and is tried again later: {}", stream_.name, result.error);
  session_.board.update(stream_.name, [&](StreamProgress& progress) {
    progress.phase = "resting";
    progress.finished_at = session_.clock.wall();
    progress.certificate = "failed: " + result.error;
  });
  try {
    session_.writer.run(
        [&](WriteSession& write) {
          write.tables.snapshots.note_error(write.transaction, stream_.name, result.error, result.next_step);
        },
        stop);
  } catch (const Error& error) {
    log::debug("{}: the failure was not recorded: {}", stream_.name, error.what());
  }
}

void StreamLoop::raise_or_clear(const StreamResult& result) {
  auto& board = session_.board;
  const auto set = [&](std::string_view code, bool raised, Severity severity, const std::string& cause,
                       const std::string& next_step) {
    if (raised) {
      board.raise(code, stream_.name, severity, cause, next_step);
    } else {
      board.clear(code, stream_.name);
    }
  };
  const bool refused = !result.snapshot && result.fault == Fault::refused;
  set("stream_refused", refused, Severity::failing, result.error, result.next_step);
  set("stream_failed", !result.snapshot && !refused, Severity::degraded, result.error,
      result.next_step.empty() ? "it is tried again by itself; see the log" : result.next_step);
  set("snapshot_uncertified", result.snapshot && !result.is_certified(), Severity::degraded,
      result.snapshot ? result.snapshot->reason : "",
      "nothing was deleted on its evidence; it is tried again by itself. If it stays so, ask WorkOS about this list");
}

}  // namespace mirror::sync
