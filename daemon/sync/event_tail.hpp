#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "api/events_api.hpp"
#include "db/tail_store.hpp"
#include "support/backoff.hpp"
#include "sync/mirror_session.hpp"
#include "sync/retention.hpp"
#include "sync/tail_schedule.hpp"

namespace mirror::sync {

/// Follows `GET /events` from the stored cursor: applies whole pages, moves the cursor with them (rule R4), and finds
/// its way back when the API refuses or ignores the cursor. Runs on a thread of its own; nudge() is thread-safe.
class EventTail {
 public:
  /// `resync` asks for a snapshot of every stream.
  EventTail(const MirrorSession& session, const api::EventsApi& api, std::function<void()> resync);

  /// Polls until a stop is requested.
  void run(const std::stop_token& stop);
  /// Reads one page; returns whether there is more behind it. For run() and for tests.
  bool poll(const std::stop_token& stop);

  /// A webhook told of an event: it will be visible soon.
  void nudge(Instant event_created_at) { schedule_.nudge(event_created_at); }
  /// A person's way out of a lost cursor: events are read from now on, and every list anew. Throws
  /// Error when the API does not tell the time. Thread-safe.
  void restart(const std::stop_token& stop);
  /// Event types that the API does not know.
  [[nodiscard]] const std::set<std::string>& dropped_types() const { return dropped_; }

 private:
  static constexpr int largest_page = 100;

  /// Reads where the tail stands; if it never began, it begins now.
  void fix_start(const std::stop_token& stop);
  [[nodiscard]] api::EventQuery query() const;
  std::optional<api::EventPage> ask(const api::EventQuery& query, const std::stop_token& stop);
  /// Applies what was created at `oldest` or later, and moves the cursor over all of it.
  void accept(api::EventPage page, Instant oldest, const std::stop_token& stop);
  [[nodiscard]] Instant ask_time(const std::stop_token& stop) const;
  void note_end(Instant answered_at, bool after_cursor, const std::stop_token& stop);
  void anchor(Instant instant, int recoveries, const std::stop_token& stop);
  void drop(const api::UnknownEventType& refusal, const std::stop_token& stop);
  [[nodiscard]] bool follows_all_rows() const;
  /// The cursor is of no use any more, as of `now` at the API.
  void recover(const std::string& why, Instant now, const std::stop_token& stop);
  void resynchronise(const std::string& why, Instant now, const std::stop_token& stop);
  void begin_anew(Instant from, int recoveries, const std::stop_token& stop);
  void note_failure(const Error& error, const std::stop_token& stop);
  void load(const std::stop_token& stop);
  /// The API's time up to which nothing was missed.
  [[nodiscard]] Instant reached() const;

  const MirrorSession& session_;
  const api::EventsApi& api_;
  std::function<void()> resync_;
  Retention retention_;
  TailSchedule schedule_;
  std::vector<std::string> types_;
  std::set<std::string> dropped_;
  db::TailRecord position_;
  int page_size_ = largest_page;        ///< fewer after an answer that did not arrive whole
  std::optional<Instant> api_now_;      ///< of the last answer
  std::atomic<bool> must_load_{false};  ///< position_ was changed in the database
  bool loaded_ = false;
  std::deque<std::future<void>> unwritten_;
  bool uncommitted_ = false;  ///< events were queued since the last flush
  Clock::TimePoint noted_at_;
};

}  // namespace mirror::sync
