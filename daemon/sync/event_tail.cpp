#include "sync/event_tail.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "db/mirror_tables.hpp"
#include "model/streams.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/event_replay.hpp"
#include "sync/tail_start.hpp"

namespace mirror::sync {
namespace {

/// Pages of events on their way to the database: a backlog is read faster than it is written, and memory has to stay
/// flat. Bounded here and not by the queue, where sweeps would hold events up (rule R16).
constexpr std::size_t most_unwritten = 56;

using std::chrono::hours;
using std::chrono::microseconds;

/// One query may span 30 days at most (workos.com/docs/events/data-syncing/events-api).
constexpr hours longest_span{29 * 24};
/// A cursor of a quiet environment grows old; it is replaced before the API might not know it any more.
constexpr hours oldest_cursor{20 * 24};
/// How often the database is told that nothing happened.
constexpr std::chrono::seconds note_interval{5};
constexpr hours retention_interval{1};
constexpr std::chrono::milliseconds first_rest{500};
constexpr std::chrono::milliseconds longest_rest{30'000};
/// A page with so many poisoned events says more about the API, or about us, than about the events (rule R10).
constexpr std::size_t suspicious_page = 10;

bool lies_back_more_than(Instant instant, Instant now, microseconds span) {
  return now.microseconds - instant.microseconds > span.count();
}

/// The API's word against the cursor or the range, not against the key.
bool refuses_position(const api::ApiError& error) {
  return error.status() == 400 || error.status() == 404 || error.status() == 410 || error.status() == 422;
}

/// Ids of events grow, so the first one behind the cursor is newer. One without an id proves nothing.
bool ignores_cursor(const api::EventPage& page, const std::string& cursor) {
  const auto first = std::ranges::find_if(page.events, [](const auto& event) { return !event.id.empty(); });
  return first != page.events.end() && first->id <= cursor;
}

/// Judged by events that say who and when they are.
void require_order(const api::EventPage& page) {
  const auto is_sound = [](const api::Event& event) { return event.problem.empty(); };
  const auto first = std::ranges::find_if(page.events, is_sound);
  const auto last = std::find_if(page.events.rbegin(), page.events.rend(), is_sound);
  if (first == page.events.end()) return;
  if (last->created_at < first->created_at && last->id < first->id) {
    throw Error(Fault::unavailable, "GET /events answered newest first: the cursor can't be moved safely",
                "check api.base_url: the WorkOS API answers oldest first");
  }
}

void require_mostly_sound(const api::EventPage& page) {
  const auto poisoned = std::ranges::count_if(page.events, [](const auto& event) { return !event.problem.empty(); });
  if (page.events.size() < suspicious_page || static_cast<std::size_t>(poisoned) * 2 <= page.events.size()) return;
  throw Error(
      Fault::unavailable,
      fmt::format("{} of {} events of a page can't be decoded, the first because of: {}", poisoned, page.events.size(),
                  std::ranges::find_if(page.events, [](const auto& e) { return !e.problem.empty(); })->problem),
      "the tail waits for better pages; update authkit-mirror if this stays so");
}

/// What happened before `oldest`, by the order of ids too: an event among newer ones may only claim to be that old.
void forget_old_news(api::EventPage& page, Instant oldest) {
  const auto is_old = [&](const api::Event& event) { return event.created_at < oldest; };
  const auto first_news = std::ranges::find_if_not(page.events, is_old);
  const auto from = first_news == page.events.end() ? std::string() : first_news->id;
  std::erase_if(page.events, [&](const api::Event& event) {
    const bool is_before = from.empty() || (!event.id.empty() && event.id < from);
    return is_old(event) && is_before;
  });
}

}  // namespace

EventTail::EventTail(const MirrorSession& session, const api::EventsApi& api, std::function<void()> resync)
    : session_(session), api_(api), resync_(std::move(resync)), retention_(session), schedule_(session.clock) {
  for (const auto& type : mirrored_event_types()) types_.emplace_back(type.name);
  for (const auto& type : session.options().events.also) {
    if (std::ranges::find(types_, type) == types_.end()) types_.push_back(type);
  }
}

void EventTail::fix_start(const std::stop_token& stop) {
  load(stop);
  if (loaded_) return;
  api_now_ = ask_time(stop);
  const Instant start = tail_start(*api_now_);
  session_.writer.run([&](WriteSession& write) { write.tables.tails.start(write.transaction, start); }, stop);
  log::info("events are followed from {} on", to_string(start));
  load(stop);
}

Instant EventTail::ask_time(const std::stop_token& stop) const {
  try {
    return session_.api.list(organizations(), {{}, api::ListOrder::descending, 1, {}}, api::Lane::tail, stop)
        .answered_at;
  } catch (const api::ApiError& error) {
    if (error.from_workos() && error.answered_at()) return *error.answered_at();  // a refusal tells the time too
    throw;
  }
}

void EventTail::load(const std::stop_token& stop) {
  session_.writer.run(
      [&](WriteSession& write) {
        const auto record = write.tables.tails.read(write.transaction);
        loaded_ = record.has_value();
        if (record) position_ = *record;
      },
      stop);
}

void EventTail::run(const std::stop_token& stop) {
  Backoff backoff(first_rest, longest_rest);
  auto retention_due = session_.clock.now();
  bool retried = false;
  while (!stop.stop_requested()) {
    session_.board.finished_iteration("events", longest_request);
    try {
      // After an upgrade the quarantine may have become readable.
      if (!std::exchange(retried, true)) retry_events(session_, true, stop);
      const bool more = poll(stop);
      if (session_.clock.now() >= retention_due && !retention_.advance(stop)) {
        retention_due = session_.clock.now() + retention_interval;
      }
      backoff.reset();
      if (!more) schedule_.wait(session_.options().events, stop);
    } catch (const Error& error) {
      if (stop.stop_requested()) break;
      note_failure(error, stop);
      session_.clock.wait_for(first_rest + backoff.next(), stop);
    }
  }
  session_.board.retire_loop("events");
}

bool EventTail::poll(const std::stop_token& stop) {
  if (!loaded_) fix_start(stop);
  if (must_load_.exchange(false)) load(stop);
  // How far back an anchor lies is known only against the API's time.
  if (position_.cursor.empty() && !api_now_) api_now_ = ask_time(stop);
  const auto asked = query();
  auto answer = ask(asked, stop);
  if (!answer) return true;
  api::EventPage& page = *answer;
  const Instant answered_at = page.answered_at;
  api_now_ = answered_at;
  if (asked.after && ignores_cursor(page, *asked.after)) {
    recover("the API ignored it and began anew", answered_at, stop);
    return true;
  }
  require_order(page);
  require_mostly_sound(page);
  const auto retention = session_.options().events.retention;
  if (lies_back_more_than(reached(), answered_at, retention)) {
    resynchronise("events are older than WorkOS keeps them", answered_at, stop);
    return true;
  }
  session_.board.update_tail([](TailProgress& tail) {
    ++tail.polls;
    ++tail.pages;
  });
  const bool is_end = !page.after || page.events.empty();
  const auto newest = page.events.empty() ? std::nullopt : std::optional(page.events.back().created_at);
  // A server that ignores `range_start` tells old news first.
  const Instant oldest = asked.range_start.value_or(Instant{INT64_MIN});
  accept(std::move(page), oldest, stop);
  if (!is_end) return true;
  if (asked.range_end && *asked.range_end < answered_at) {
    anchor(tail_start(*asked.range_end), position_.recoveries, stop);  // the next stretch
    return true;
  }
  note_end(answered_at, asked.after.has_value(), stop);
  schedule_.polled(newest);
  return false;
}

/// Empty if a type of events was refused and dropped, or the cursor was refused and recovered.
std::optional<api::EventPage> EventTail::ask(const api::EventQuery& query, const std::stop_token& stop) {
  try {
    auto page = api_.list(query, stop);
    page_size_ = std::min(largest_page, 2 * page_size_);
    return page;
  } catch (const api::UnknownEventType& refusal) {
    drop(refusal, stop);
  } catch (const api::ApiError& error) {
    if (!refuses_position(error) || !error.from_workos() || !error.answered_at()) throw;
    api_now_ = error.answered_at();
    recover(fmt::format("the API refused it: {}", error.what()), *error.answered_at(), stop);
  } catch (const Error& error) {
    // An answer that does not arrive whole may be too large, or too long under way.
    if (error.fault() == Fault::unavailable) page_size_ = std::max(1, page_size_ / 2);
    throw;
  }
  return std::nullopt;
}

api::EventQuery EventTail::query() const {
  api::EventQuery query;
  query.limit = page_size_;
  std::ranges::copy_if(types_, std::back_inserter(query.types),
                       [&](const auto& type) { return !dropped_.contains(type); });
  if (!position_.cursor.empty()) {
    query.after = position_.cursor;
    return query;
  }
  query.range_start = position_.anchor;
  if (api_now_ && lies_back_more_than(position_.anchor, *api_now_, longest_span)) {
    query.range_end = Instant{position_.anchor.microseconds + microseconds(longest_span).count()};
  }
  return query;
}

void EventTail::accept(api::EventPage page, Instant oldest, const std::stop_token& stop) {
  if (page.events.empty()) return;
  // Until a later one moves the cursor, an event that names neither itself nor its time is told again by every poll,
  // and is still one.
  const Instant place = position_.cursor_created_at.value_or(position_.anchor);
  for (auto& event : page.events) {
    if (event.id.empty() && event.created_at == page.answered_at) event.created_at = place;
  }
  EventWrite write;
  const auto last = std::find_if(page.events.rbegin(), page.events.rend(), [](const auto& e) { return !e.id.empty(); });
  if (last != page.events.rend()) {
    // One that claims to be of the future must not pass for the place where the tail stands.
    const Instant at = page.time_of(*last);
    write.cursor = EventWrite::Cursor{last->id, at};
    position_.cursor = last->id;
    position_.cursor_created_at = at;
    session_.board.update_tail([at](TailProgress& tail) { tail.newest_event_at = at; });
  }
  forget_old_news(page, oldest);
  write.page = std::move(page);
  fault_point("tail.before_push");
  while (unwritten_.size() >= most_unwritten) {
    // Taken out first: a failure is told once, and the next page finds no future that was asked already.
    auto first = std::move(unwritten_.front());
    unwritten_.pop_front();
    first.get();
  }
  unwritten_.push_back(session_.writer.deliver(std::move(write), stop));
  uncommitted_ = true;
}

/// Everything that is visible has been read.
void EventTail::note_end(Instant answered_at, bool after_cursor, const std::stop_token& stop) {
  fault_point("tail.before_note");
  const auto now = session_.clock.now();
  const bool is_recovered = position_.recoveries > 0 && after_cursor;
  const bool was_in_trouble = is_recovered || !position_.problem.empty();
  if (uncommitted_ || was_in_trouble || !position_.caught_up_through || now - noted_at_ >= note_interval) {
    session_.writer.run(
        [&](WriteSession& write) {
          write.tables.tails.note_caught_up(write.transaction, answered_at, after_cursor, follows_all_rows());
        },
        stop);
    noted_at_ = now;
    uncommitted_ = false;
  }
  position_.caught_up_through = answered_at;
  position_.problem.clear();
  if (after_cursor) position_.recoveries = 0;
  session_.board.update_tail([&](TailProgress& tail) {
    tail.caught_up_through = answered_at;
    tail.polled_at = now;
  });
  for (const auto* code : {"events_failed", "events_refused", "cursor_lost"}) session_.board.clear(code);
  // Without a cursor, or with one that grows too old, the next poll begins shortly before now.
  const bool cursor_is_old =
      position_.cursor_created_at && lies_back_more_than(*position_.cursor_created_at, answered_at, oldest_cursor);
  const bool anchor_is_old =
      position_.cursor.empty() && lies_back_more_than(position_.anchor, answered_at, 2 * tail_overlap);
  if (cursor_is_old || anchor_is_old) anchor(tail_start(answered_at), position_.recoveries, stop);
}

void EventTail::anchor(Instant instant, int recoveries, const std::stop_token& stop) {
  session_.writer.run([&](WriteSession& write) { write.tables.tails.anchor(write.transaction, instant, recoveries); },
                      stop);
  position_.cursor.clear();
  position_.cursor_created_at.reset();
  position_.anchor = instant;
  position_.recoveries = recoveries;
}

bool EventTail::follows_all_rows() const {
  return std::ranges::none_of(dropped_, [](const std::string& type) { return find_event_type(type) != nullptr; });
}

void EventTail::drop(const api::UnknownEventType& refusal, const std::stop_token& stop) {
  std::string type = refusal.type();
  if (type.empty()) throw Error(Fault::unavailable, refusal.what(), refusal.next_step());
  log::warn("the API knows no events {}: they are not followed until the next start", type);
  session_.board.raise("event_type_dropped", type, Severity::degraded,
                       fmt::format("the API knows no events {}, so they are not followed", type),
                       find_event_type(type) != nullptr
                           ? "sweeps still find what they would have told; restart the daemon once WorkOS knows them"
                           : "remove it from events.also, or restart the daemon once WorkOS knows it");
  dropped_.insert(std::move(type));
  if (follows_all_rows()) return;
  session_.writer.run([&](WriteSession& write) { write.tables.tails.note_gaps(write.transaction); }, stop);
}

Instant EventTail::reached() const {
  auto reached = position_.caught_up_through.value_or(position_.anchor);
  if (position_.cursor_created_at) reached = std::max(reached, *position_.cursor_created_at);
  return std::max(reached, position_.anchor);
}

void EventTail::recover(const std::string& why, Instant now, const std::stop_token& stop) {
  session_.board.update_tail([](TailProgress& tail) { ++tail.recoveries; });
  if (position_.recoveries == 0) {
    const Instant from = tail_start(std::min(reached(), now));
    log::warn("the event cursor is of no use any more ({}): reading events from {} on", why, to_string(from));
    anchor(from, 1, stop);
  } else if (position_.recoveries == 1) {
    resynchronise(why, now, stop);
  } else {
    throw Error(Fault::bad_data, fmt::format("the event cursor is lost: {}", why),
                "events are not followed, sweeps go on. Ask WorkOS about GET /events, then let the tail begin anew "
                "with `authkit-mirror events restart`");
  }
}

void EventTail::resynchronise(const std::string& why, Instant now, const std::stop_token& stop) {
  const Instant from = tail_start(now);
  log::warn("events were lost ({}): reading them from {} on, and every list anew", why, to_string(from));
  begin_anew(from, 2, stop);
  load(stop);
}

/// Touches the database only, so that any thread may do it.
void EventTail::begin_anew(Instant from, int recoveries, const std::stop_token& stop) {
  const auto streams = session_.options().streams;
  session_.writer.run(
      [&](WriteSession& write) {
        write.tables.tails.begin_anew(write.transaction, from, recoveries);
        for (const auto* stream : all_streams()) {
          const auto own = streams.find(stream->name);
          if (own != streams.end() && !own->second.enabled) continue;
          write.tables.snapshots.note_error(write.transaction, stream->name, "events were lost: a new snapshot is due",
                                            "it begins by itself");
        }
      },
      stop);
  resync_();
}

void EventTail::restart(const std::stop_token& stop) {
  const Instant from = tail_start(ask_time(stop));
  log::warn("a person asked for it: reading events from {} on, and every list anew", to_string(from));
  begin_anew(from, 0, stop);
  must_load_ = true;
  schedule_.wake();
}

void EventTail::note_failure(const Error& error, const std::stop_token& stop) {
  const bool is_lost = error.fault() == Fault::bad_data;
  const bool is_refused = error.fault() == Fault::refused;
  const char* code = is_lost ? "cursor_lost" : (is_refused ? "events_refused" : "events_failed");
  session_.board.raise(code, "", is_lost || is_refused ? Severity::failing : Severity::degraded, error.what(),
                       error.next_step().empty() ? "it is tried again by itself; see the log" : error.next_step());
  if (position_.problem == error.what()) return;
  log::warn("events can't be followed and are tried again later: {}", error.what());
  position_.problem = error.what();
  try {
    session_.writer.run([&](WriteSession& write) { write.tables.tails.note_problem(write.transaction, error.what()); },
                        stop);
  } catch (const Error& failure) {
    log::debug("the tail's problem was not recorded: {}", failure.what());
  }
}

}  // namespace mirror::sync
