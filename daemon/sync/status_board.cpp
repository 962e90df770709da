#include "sync/status_board.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mirror::sync {
namespace {

using Counter = std::uint64_t StreamProgress::*;

constexpr std::array<Counter, 10> counters{
    &StreamProgress::pages,     &StreamProgress::rows,  &StreamProgress::inserted, &StreamProgress::changed,
    &StreamProgress::unchanged, &StreamProgress::stale, &StreamProgress::poisoned, &StreamProgress::candidates,
    &StreamProgress::deleted,   &StreamProgress::held};

/// A counter that went down was reset by a new pass: what it shows now has happened since.
StreamProgress growth_between(const StreamProgress& before, const StreamProgress& now) {
  StreamProgress growth;
  for (const Counter counter : counters) {
    const bool restarted = now.*counter < before.*counter;
    growth.*counter = restarted ? now.*counter : now.*counter - before.*counter;
  }
  return growth;
}

}  // namespace

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::starting:
      return "starting";
    case Role::standby:
      return "standby";
    case Role::writer:
      return "writer";
    case Role::stopping:
      return "stopping";
  }
  return "starting";
}

void StatusBoard::raise(std::string_view code, std::string_view subject, Severity severity, std::string cause,
                        std::string next_step) {
  const std::lock_guard lock(mutex_);
  auto [place, is_new] = findings_.try_emplace({std::string{code}, std::string{subject}});
  Finding& finding = place->second;
  if (is_new) {
    finding.code = code;
    finding.subject = subject;
    finding.since = clock_.wall();
  }
  finding.severity = severity;
  finding.cause = std::move(cause);
  finding.next_step = std::move(next_step);
}

void StatusBoard::clear(std::string_view code, std::string_view subject) {
  const std::lock_guard lock(mutex_);
  findings_.erase({std::string{code}, std::string{subject}});
}

std::vector<Finding> StatusBoard::findings() const {
  const std::lock_guard lock(mutex_);
  std::vector<Finding> all;
  all.reserve(findings_.size());
  for (const auto& [key, finding] : findings_) all.push_back(finding);
  return all;
}

void StatusBoard::update(std::string_view stream, const std::function<void(StreamProgress&)>& change) {
  const std::lock_guard lock(mutex_);
  StreamProgress& progress = streams_[std::string{stream}];
  const StreamProgress before = progress;
  change(progress);
  const StreamProgress growth = growth_between(before, progress);
  StreamProgress& total = totals_[std::string{stream}];
  for (const Counter counter : counters) total.*counter += growth.*counter;
  StreamHistory& history = history_[std::string{stream}];
  history.rows.add(clock_.now(), growth.rows);
  history.changes.add(clock_.now(), growth.inserted + growth.changed + growth.deleted);
}

std::map<std::string, StreamProgress, std::less<>> StatusBoard::streams() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

std::map<std::string, StreamProgress, std::less<>> StatusBoard::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

void StatusBoard::add_events(const EventCounts& counts) {
  const std::lock_guard lock(mutex_);
  events_ += counts;
  event_history_.add(clock_.now(), counts.received);
}

void StatusBoard::add_left_out(std::uint64_t count) {
  if (count == 0) return;
  const std::lock_guard lock(mutex_);
  left_out_ += count;
}

std::uint64_t StatusBoard::left_out() const {
  const std::lock_guard lock(mutex_);
  return left_out_;
}

EventCounts StatusBoard::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

void StatusBoard::update_tail(const std::function<void(TailProgress&)>& change) {
  const std::lock_guard lock(mutex_);
  change(tail_);
}

TailProgress StatusBoard::tail() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

std::optional<Clock::Duration> StatusBoard::poll_age() const {
  const std::lock_guard lock(mutex_);
  const Clock::TimePoint now = clock_.now();
  std::optional<Clock::Duration> age;
  if (tail_.polled_at) age = now - *tail_.polled_at;
  if (overview_ && overview_->overview.tail && overview_->overview.tail->seconds_since_poll) {
    const std::chrono::duration<double> when_read{*overview_->overview.tail->seconds_since_poll};
    const auto told = std::chrono::duration_cast<Clock::Duration>(when_read) + (now - overview_->read_at);
    age = age ? std::min(*age, told) : told;
  }
  return age;
}

void StatusBoard::add_commit(Clock::Duration duration) {
  const std::lock_guard lock(mutex_);
  commits_.add(duration);
}

CommitTimes StatusBoard::commits() const {
  const std::lock_guard lock(mutex_);
  return commits_;
}

std::map<std::string, StreamHistory, std::less<>> StatusBoard::history() const {
  const std::lock_guard lock(mutex_);
  return history_;
}

MinuteRing StatusBoard::event_history() const {
  const std::lock_guard lock(mutex_);
  return event_history_;
}

void StatusBoard::set_overview(db::MirrorOverview overview) {
  auto reading = std::make_shared<const OverviewReading>(OverviewReading{std::move(overview), clock_.now()});
  const std::lock_guard lock(mutex_);
  overview_ = std::move(reading);
}

std::shared_ptr<const OverviewReading> StatusBoard::overview() const {
  const std::lock_guard lock(mutex_);
  return overview_;
}

void StatusBoard::set_role(Role role) {
  const std::lock_guard lock(mutex_);
  role_ = role;
}

Role StatusBoard::role() const {
  const std::lock_guard lock(mutex_);
  return role_;
}

void StatusBoard::set_database_ready(bool ready) {
  const std::lock_guard lock(mutex_);
  database_ready_ = ready;
}

bool StatusBoard::database_ready() const {
  const std::lock_guard lock(mutex_);
  return database_ready_;
}

void StatusBoard::finished_iteration(std::string_view loop, Clock::Duration next_within) {
  const std::lock_guard lock(mutex_);
  loop_deadlines_.insert_or_assign(std::string{loop}, clock_.now() + next_within);
}

void StatusBoard::retire_loop(std::string_view loop) {
  const std::lock_guard lock(mutex_);
  const auto place = loop_deadlines_.find(loop);
  if (place != loop_deadlines_.end()) loop_deadlines_.erase(place);
}

std::vector<std::string> StatusBoard::stalled_loops() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> stalled;
  for (const auto& [loop, deadline] : loop_deadlines_) {
    if (clock_.now() > deadline) stalled.push_back(loop);
  }
  return stalled;
}

}  // namespace mirror::sync
