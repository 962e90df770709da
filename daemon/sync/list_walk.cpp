#include "sync/list_walk.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "api/api_error.hpp"
#include "model/streams.hpp"
#include "support/log.hpp"
#include "support/thread_priority.hpp"

namespace mirror::sync {
namespace {

constexpr int page_size = 100;
/// A cursor's object may be deleted under the walk now and then; more often, something is wrong at the API.
constexpr int most_restarts = 2;
/// Fewer undecodable objects are single bad ones; more, and a majority, are a change of the API (rule R10).
constexpr std::size_t fewest_poison_to_stop = 5;

bool is_refusal(const api::ApiError& error) {
  return error.status() == 400 || error.status() == 404 || error.status() == 422;
}

void require_mostly_decodable(const StreamSpec& stream, const api::ListPage& page) {
  if (page.poison.size() < fewest_poison_to_stop || page.poison.size() * 2 <= page.listed.size()) return;
  throw Error(Fault::bad_data,
              fmt::format("most objects on a page of {} can't be decoded ({} of {}; the first: {})", stream.name,
                          page.poison.size(), page.listed.size(), page.poison.front().error),
              "the API may have changed: look for a newer version of authkit-mirror; nothing of this page was stored");
}

}  // namespace

ListWalk::ListWalk(const MirrorSession& session, std::shared_ptr<SnapshotContext> snapshot, std::string scope,
                   ListSegments& segments, ListSegments::Task task)
    : session_(session),
      snapshot_(std::move(snapshot)),
      scope_(std::move(scope)),
      segments_(segments),
      segment_(std::move(task.segment)),
      tracker_(std::move(task.tracker)) {}

WalkResult ListWalk::run(bool always_prove, const std::stop_token& stop) {
  go_after_others();
  while (true) {
    if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
    const auto advance_to = advance(always_prove, stop);
    session_.board.finished_iteration(snapshot_->stream->name, longest_request);
    if (advance_to == Advance::end) break;
  }
  segments_.release(segment_);
  return result_;
}

ListWalk::Advance ListWalk::advance(bool always_prove, const std::stop_token& stop) {
  if (!place_) place_ = session_.writer.pages().reserve(stop);
  auto page = fetch(stop);
  if (!page) {
    if (tracker_.cursor()) return begin_again("the API refused a cursor that it had given out");
    if (skip_if_vanished(stop)) return Advance::end;
    throw Error(Fault::unavailable,
                fmt::format("the API does not list {} of {}, although that exists", snapshot_->stream->name, scope_));
  }
  require_mostly_decodable(*snapshot_->stream, *page);
  session_.mentioned->add(snapshot_->stream->mentions.stream, page->mentioned);
  const auto step = tracker_.accept(*page);
  if (step == WalkTracker::Step::broken) return begin_again(tracker_.problem());
  if (tracker_.order() == api::ListOrder::descending && !tracker_.coverage().in_order) {
    return begin_again("the list is not in descending order of creation");
  }
  const bool at_end = step == WalkTracker::Step::end;
  const auto next = segments_.advance(segment_, tracker_, at_end, stop, [&](const ListSegments::Advance& decided) {
    note_voided(decided.voided);
    auto write = write_of(std::move(*page), false);
    if (decided.seam) count_at_neighbour(write, *decided.seam);
    session_.writer.push(std::move(write), stop);
  });
  switch (next.next) {
    case ListSegments::Next::leave:
      return Advance::end;
    case ListSegments::Next::distrust:
      note_voided(next.voided);
      return begin_again("the API ended the list before an object that it listed");
    case ListSegments::Next::finish:
      result_.problem = tracker_.problem();
      return Advance::end;
    case ListSegments::Next::go_on:
      break;
  }
  if (!at_end) return Advance::more;
  note_voided(next.voided);
  return finish_list(std::move(*page), always_prove, stop);
}

void ListWalk::note_voided(const std::vector<std::string>& segments) {
  voided_.insert(voided_.end(), segments.begin(), segments.end());
}

/// Empty if the API refuses the cursor, or does not know the scope.
std::optional<api::ListPage> ListWalk::fetch(const std::stop_token& stop) {
  try {
    return session_.api.list(*snapshot_->stream, {tracker_.cursor(), tracker_.order(), page_size, scope_},
                             api::Lane::sweep, stop);
  } catch (const api::ApiError& error) {
    const bool is_refused_cursor = tracker_.cursor() && is_refusal(error);
    const bool is_unknown_scope = !scope_.empty() && error.status() == 404 && error.from_workos();
    if (is_refused_cursor || is_unknown_scope) return std::nullopt;
    throw;
  }
}

/// A segment that fails at its first page, or too often, is left to the walk before it, if that is still under way.
ListWalk::Advance ListWalk::begin_again(std::string reason) {
  const bool has_begun = tracker_.pages() > 0;
  if ((!has_begun || restarts_ == most_restarts) && segments_.give_up(segment_)) {
    log::debug("{}: the segment {} is left to the walk before it: {}", snapshot_->stream->name, segment_, reason);
    return Advance::end;
  }
  if (restarts_++ == most_restarts) {
    result_.problem = std::move(reason);
    return Advance::end;
  }
  log::warn("the walk of {}{}{}{}{} begins again: {}", snapshot_->stream->name, scope_.empty() ? "" : " of ", scope_,
            segment_.empty() ? "" : " from ", segment_, reason);
  voided_.push_back(segment_);
  tracker_ = segments_.restart(segment_);
  return Advance::more;
}

ListWalk::Advance ListWalk::finish_list(api::ListPage page, bool always_prove, const std::stop_token& stop) {
  result_.problem = tracker_.problem();
  if (needs_proof(page, always_prove)) {
    // An empty list of one organization counts only if the organization itself can be read.
    if (!scope_.empty() && tracker_.rows() == 0 && skip_if_vanished(stop)) return Advance::end;
    is_proven_ = is_closed(stop);
    if (!is_proven_) {
      const char* const reason =
          "the list ended before its newest object: the end of the walk is not the end of the list";
      if (!segment_.empty()) return begin_again(reason);
      if (result_.problem.empty()) result_.problem = reason;
    }
  }
  const bool is_good = result_.problem.empty();
  if (is_good) tracker_.finish(false);
  segments_.conclude(segment_, tracker_, [&](bool is_whole) {
    session_.writer.push(write_of(std::move(page), is_good && is_whole), stop);
  });
  return Advance::end;
}

bool ListWalk::needs_proof(const api::ListPage& page, bool always_prove) const {
  return always_prove || scope_.empty() || tracker_.pages() > 1 || page.listed.size() >= page_size;
}

/// Rule R7: the end by the API's word is not enough; its newest object, read from the other side, must be known too.
bool ListWalk::is_closed(const std::stop_token& stop) const {
  const auto newest = session_.api.list(*snapshot_->stream, {{}, api::ListOrder::descending, page_size, scope_},
                                        api::Lane::confirm, stop);
  return tracker_.is_closed_by(newest, snapshot_->started_at);
}

PageWrite ListWalk::write_of(api::ListPage page, bool finishes) {
  result_.answered_at = std::max(result_.answered_at, page.answered_at);
  if (const auto reached = session_.board.tail().caught_up_through) snapshot_->tail_caught_up_through = *reached;
  PageWrite write{snapshot_,
                  {scope_, segment_},
                  std::move(page),
                  tracker_.coverage(),
                  finishes ? std::string{} : tracker_.to_json(),
                  finishes,
                  is_proven_,
                  std::exchange(voided_, {}),
                  {},
                  {},
                  std::move(place_)};
  // What shares the instant of the start is counted by the walk before.
  if (const auto& start = tracker_.start())
    count_at_neighbour(write, {Instant{INT64_MIN}, {start->created_at.microseconds + 1}, {}});
  return write;
}

/// Both list what lies behind the seam; one of them is to count it.
void ListWalk::count_at_neighbour(PageWrite& write, const Seam& seam) const {
  for (const auto& item : write.page.listed) {
    if (item.id.empty()) continue;
    const bool is_between = item.created_at && *item.created_at > seam.edge && *item.created_at < seam.until;
    if (is_between || std::ranges::count(seam.ids, item.id) > 0) write.shared.insert(item.id);
  }
}

/// An organization that was deleted since it was listed has nothing to list: its own stream tells of its death, and
/// what its list no longer shows is no evidence. Its list is a 404 or, in the emulator, empty. False if it exists.
bool ListWalk::skip_if_vanished(const std::stop_token& stop) {
  const auto& parent = *find_table(snapshot_->stream->scope_table);
  const auto answer = session_.api.get(parent, scope_, api::Lane::confirm, stop);
  if (answer.found) return false;
  tracker_ = {};
  voided_.push_back(segment_);
  api::ListPage nothing(*snapshot_->stream->table);
  nothing.answered_at = answer.answered_at;
  session_.writer.push(write_of(std::move(nothing), true), stop);
  return true;
}

}  // namespace mirror::sync
