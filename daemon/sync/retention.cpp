#include "sync/retention.hpp"

#include "db/mirror_tables.hpp"
#include "support/log.hpp"

namespace mirror::sync {
namespace {

/// Rows read or deleted by one step.
constexpr int rows_per_step = 50'000;

}  // namespace

bool Retention::advance(const std::stop_token& stop) {
  if (!is_under_way_) {
    begin(stop);
  } else if (!months_of_events_.empty()) {
    forget_events(stop);
  } else if (!months_of_changes_.empty()) {
    forget_changes(stop);
  }
  is_under_way_ = !months_of_events_.empty() || !months_of_changes_.empty();
  return is_under_way_;
}

void Retention::begin(const std::stop_token& stop) {
  const auto options = session_.options();
  session_.writer.run(
      [&](WriteSession& write) {
        write.tables.events.prepare_partitions(write.transaction);
        const auto events = write.tables.events.months_older_than(write.transaction, options.events.archive.count());
        months_of_events_ = {events.begin(), events.end()};
        months_of_changes_.clear();
        if (options.changes_retention.count() == 0) return;
        const auto changes =
            write.tables.feed_retention.months_older_than(write.transaction, options.changes_retention.count());
        months_of_changes_ = {changes.begin(), changes.end()};
      },
      stop);
}

void Retention::forget_events(const std::stop_token& stop) {
  const auto forgotten = forget(
      months_of_events_,
      [](WriteSession& write, db::OldMonth& month) {
        return write.tables.events.forget(write.transaction, month, rows_per_step);
      },
      stop);
  if (forgotten) log::info("{} of the archive is older than events.archive: dropped", *forgotten);
}

void Retention::forget_changes(const std::stop_token& stop) {
  const auto forgotten = forget(
      months_of_changes_,
      [](WriteSession& write, db::FeedMonth& month) {
        return write.tables.feed_retention.forget(write.transaction, month, rows_per_step);
      },
      stop);
  if (forgotten) log::info("{} of the change feed is older than changes.retention: dropped", *forgotten);
}

/// One step for the first of `months`. Returns its name if it was dropped.
template <typename Month, typename Step>
std::optional<std::string> Retention::forget(std::deque<Month>& months, Step step, const std::stop_token& stop) {
  auto month = months.front();
  auto outcome = db::Forgetting::kept;
  session_.writer.run(
      [&](WriteSession& write) {
        month = months.front();  // a batch that the database refuses is tried again
        outcome = step(write, month);
      },
      stop);
  if (outcome == db::Forgetting::unfinished) {
    months.front() = std::move(month);
    return std::nullopt;
  }
  months.pop_front();
  return outcome == db::Forgetting::dropped ? std::optional(month.name) : std::nullopt;
}

}  // namespace mirror::sync
