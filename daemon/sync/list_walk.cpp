#include "sync/list_walk.hpp"

#include <fmt/core.h>

#include "api/api_error.hpp"
#include "model/streams.hpp"
#include "support/log.hpp"

namespace mirror::sync {
namespace {

constexpr int page_size = 100;
/// A cursor's object may be deleted under the walk now and then; more often, something is wrong at the API.
constexpr int most_restarts = 2;
/// Fewer undecodable objects are single bad ones; more, and a majority, are a change of the API (rule R10).
constexpr std::size_t fewest_poison_to_stop = 5;

bool is_refused_cursor(const api::ApiError& error) {
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
                   WalkTracker tracker)
    : session_(session), snapshot_(std::move(snapshot)), scope_(std::move(scope)), tracker_(std::move(tracker)) {}

WalkResult ListWalk::run(bool always_prove, const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
    const auto advance_to = advance(always_prove, stop);
    session_.board.finished_iteration(snapshot_->stream->name, longest_request);
    if (advance_to == Advance::end) break;
    if (advance_to == Advance::astray && restarts_ > most_restarts) {
      result_.problem = detour_;
      break;
    }
  }
  result_.first_id = tracker_.first_id();
  result_.last_id = tracker_.last_id();
  result_.rows = tracker_.rows();
  return result_;
}

ListWalk::Advance ListWalk::advance(bool always_prove, const std::stop_token& stop) {
  std::optional<api::ListPage> page;
  try {
    page = fetch(stop);
  } catch (const api::ApiError& error) {
    if (!is_refused_cursor(error)) throw;
    if (tracker_.cursor()) {
      begin_again("the API refused a cursor that it had given out");
      return Advance::astray;
    }
    if (scope_.empty() || error.status() != 404 || !error.from_workos()) throw;
    if (skip_if_vanished(stop)) return Advance::end;
    throw Error(Fault::unavailable,
                fmt::format("the API does not list {} of {}, although that exists", snapshot_->stream->name, scope_));
  }
  require_mostly_decodable(*snapshot_->stream, *page);
  const auto step = tracker_.accept(*page);
  if (step == WalkTracker::Step::broken) {
    begin_again(tracker_.problem());
    return Advance::astray;
  }
  if (step == WalkTracker::Step::go_on) {
    push(std::move(*page), false, stop);
    return Advance::more;
  }
  result_.problem = tracker_.problem();
  if (needs_proof(*page, always_prove)) {
    // An empty list of one organization counts only if the organization itself can be read.
    if (!scope_.empty() && tracker_.rows() == 0 && skip_if_vanished(stop)) return Advance::end;
    result_.proven = is_closed(stop);
    if (!result_.proven && result_.problem.empty()) {
      result_.problem = "the list ended before its newest object: the end of the walk is not the end of the list";
    }
  }
  push(std::move(*page), result_.problem.empty(), stop);
  return Advance::end;
}

api::ListPage ListWalk::fetch(const std::stop_token& stop) const {
  return session_.api.list(*snapshot_->stream, {tracker_.cursor(), api::ListOrder::ascending, page_size, scope_},
                           api::Lane::sweep, stop);
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

void ListWalk::begin_again(std::string reason) {
  detour_ = std::move(reason);
  ++restarts_;
  log::warn("the walk of {}{}{} begins again: {}", snapshot_->stream->name, scope_.empty() ? "" : " of ", scope_,
            detour_);
  tracker_ = {};
  next_page_restarts_ = true;
}

void ListWalk::push(api::ListPage page, bool finishes, const std::stop_token& stop) {
  PageWrite write{snapshot_,
                  scope_,
                  std::move(page),
                  tracker_.coverage(),
                  finishes ? std::string{} : tracker_.to_json(),
                  finishes,
                  result_.proven,
                  std::exchange(next_page_restarts_, false),
                  {}};
  session_.writer.push(std::move(write), stop);
}

/// An organization that was deleted since it was listed has nothing to list: its own stream tells of its death, and
/// what its list no longer shows is no evidence. Its list is a 404 or, in the emulator, empty. False if it exists.
bool ListWalk::skip_if_vanished(const std::stop_token& stop) {
  const auto& parent = *find_table(snapshot_->stream->scope_table);
  const auto answer = session_.api.get(parent, scope_, api::Lane::confirm, stop);
  if (answer.found) return false;
  tracker_ = {};
  next_page_restarts_ = true;
  api::ListPage nothing(*snapshot_->stream->table);
  nothing.answered_at = answer.answered_at;
  push(std::move(nothing), true, stop);
  return true;
}

}  // namespace mirror::sync
