#include "sync/list_segments.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "support/error.hpp"

namespace mirror::sync {
namespace {

/// From this page on a list is long enough to be read from its other end too: where the two meet, a page is read twice.
constexpr std::int64_t pages_of_a_long_list = 6;

/// Between it and itself lies no instant.
constexpr Instant nowhere{INT64_MIN};

bool is_backwards(const WalkTracker& walk) {
  return walk.order() == api::ListOrder::descending;
}

}  // namespace

void ListSegments::restore(std::vector<Task> stored) {
  const std::lock_guard lock(mutex_);
  const auto rank = [](const Task& task) {
    if (is_backwards(task.tracker)) return Instant{INT64_MAX};
    return task.tracker.start() ? task.tracker.start()->created_at : Instant{INT64_MIN};
  };
  std::ranges::stable_sort(stored, {}, rank);
  for (auto& task : stored) {
    // The first one exists already.
    if (!task.segment.empty()) segments_.emplace_back().name = task.segment;
    auto& segment = task.segment.empty() ? segments_.front() : segments_.back();
    segment.state = task.tracker.is_finished() ? State::finished : State::free;
    segment.tracker = std::move(task.tracker);
  }
  was_cut_ = segments_.size() > 1;
  // Where two walks met, perhaps only the one that found it was stored as finished.
  const auto last = std::prev(segments_.end());
  if (!is_backwards(last->tracker)) return;
  const auto is_passed = [&](const Segment& segment) { return segment.tracker.position() > last->tracker.position(); };
  const auto before = std::prev(last);
  if (before->state == State::finished && is_passed(*before)) end_in_favour_of_another(*last);
  if (last->state != State::finished) return;
  for (auto segment = segments_.begin(); segment != last; ++segment) {
    if (is_passed(*segment)) end_in_favour_of_another(*segment);
  }
}

void ListSegments::set_places(std::vector<ListPlace> places, double rows_per_place) {
  std::ranges::sort(places, {}, &ListPlace::created_at);
  // One of each instant is enough, and the same object may have been shown often.
  const auto same_instant = [](const ListPlace& a, const ListPlace& b) { return a.created_at == b.created_at; };
  places.erase(std::unique(places.begin(), places.end(), same_instant), places.end());
  const std::lock_guard lock(mutex_);
  std::erase_if(places, [&](const ListPlace& place) { return forgotten_.contains(place.id); });
  places_ = std::move(places);
  rows_per_place_ = rows_per_place;
  note_change();
}

std::optional<ListSegments::Task> ListSegments::take() {
  const std::lock_guard lock(mutex_);
  const auto unwalked = std::ranges::find(segments_, State::free, &Segment::state);
  if (unwalked == segments_.end()) {
    auto task = split_longest();
    return task ? std::move(task) : begin_backwards();
  }
  unwalked->state = State::walking;
  return Task{unwalked->name, unwalked->tracker};
}

std::optional<ListSegments::Task> ListSegments::split_longest() {
  Place longest = segments_.end();
  std::size_t most = 0;
  std::size_t middle = 0;
  for (auto segment = segments_.begin(); segment != segments_.end(); ++segment) {
    const bool goes_on = segment->state == State::walking && !segment->is_unwanted && !segment->is_at_end;
    if (!goes_on || is_backwards(segment->tracker)) continue;
    const auto from = segment->tracker.position().value_or(Instant{INT64_MIN});
    const auto to = edge_behind(segment).value_or(Instant{INT64_MAX});
    const auto first = std::ranges::upper_bound(places_, from, {}, &ListPlace::created_at) - places_.begin();
    const auto last = std::ranges::lower_bound(places_, to, {}, &ListPlace::created_at) - places_.begin();
    if (last <= first || static_cast<std::size_t>(last - first) <= most) continue;
    longest = segment;
    most = static_cast<std::size_t>(last - first);
    middle = static_cast<std::size_t>(first + last) / 2;
  }
  if (longest == segments_.end() ||
      static_cast<double>(most) * rows_per_place_ < 2.0 * static_cast<double>(smallest_)) {
    return std::nullopt;
  }
  was_cut_ = true;
  const auto& place = places_[middle];
  const auto begun =
      segments_.insert(std::next(longest), {place.id, WalkTracker::behind(place), State::walking, false, false, {}});
  return Task{begun->name, begun->tracker};
}

std::optional<ListSegments::Task> ListSegments::begin_backwards() {
  const auto& last = segments_.back();
  const bool is_long = last.tracker.pages() >= pages_of_a_long_list && !last.is_at_end;
  const bool is_possible = last.state == State::walking && !last.is_unwanted && !is_backwards(last.tracker);
  if (!is_possible || !is_long || forgotten_.contains(std::string(backwards))) return std::nullopt;
  was_cut_ = true;
  segments_.push_back({std::string(backwards), WalkTracker::backwards(), State::walking, false, false, {}});
  return Task{segments_.back().name, segments_.back().tracker};
}

void ListSegments::release(const std::string& segment) {
  const std::lock_guard lock(mutex_);
  const auto place = find(segment);
  if (place == segments_.end()) return;
  place->state = place->tracker.is_finished() ? State::finished : State::left;
  note_change();
}

ListSegments::Advance ListSegments::advance(const std::string& segment, WalkTracker& tracker, bool at_end,
                                            const std::stop_token& stop, const Write& write) {
  std::unique_lock lock(mutex_);
  const auto place = find(segment);
  if (place->is_unwanted) return {Next::leave, {}, {}};
  place->is_at_end = at_end;
  auto next = is_backwards(tracker) ? advance_backwards(place, tracker, at_end)
                                    : advance_forwards(place, tracker, at_end, lock, stop);
  if (next.next == Next::finish) tracker.finish(next.seam.has_value());
  if (next.next == Next::finish || (next.next == Next::go_on && !at_end)) {
    write(next);
    place->tracker = tracker;
    note_change();
  }
  return next;
}

void ListSegments::conclude(const std::string& segment, const WalkTracker& tracker,
                            const std::function<void(bool)>& write) {
  const std::lock_guard lock(mutex_);
  write(!was_cut_);
  find(segment)->tracker = tracker;
  note_change();
}

ListSegments::Advance ListSegments::advance_forwards(Place segment, const WalkTracker& tracker, bool at_end,
                                                     std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  Advance result;
  while (true) {
    if (segment->is_unwanted) return {Next::leave, {}, {}};
    const auto neighbour = std::next(segment);
    const auto meeting = meet_next(segment, tracker, at_end);
    if (meeting == Meeting::apart) {
      result.seam = touching(neighbour);
      break;
    }
    if (meeting == Meeting::met) {
      result.next = Next::finish;
      result.seam = neighbour->tracker.seam();
      if (is_backwards(neighbour->tracker)) end_in_favour_of_another(*neighbour);
      break;
    }
    if (meeting == Meeting::contradicted) {
      result.next = Next::distrust;
      break;
    }
    if (meeting == Meeting::unknown) {
      wait(lock, stop);
    } else {
      segment->voided.push_back(neighbour->name);
      absorb(neighbour, lock, stop);
    }
  }
  result.voided = std::exchange(segment->voided, {});
  return result;
}

/// Two walks that come towards each other may end a page at the same object before they have passed each other: both
/// list it, and one is to count it.
std::optional<Seam> ListSegments::touching(std::list<Segment>::const_iterator neighbour) const {
  if (neighbour == segments_.end() || !is_backwards(neighbour->tracker)) return std::nullopt;
  return Seam{nowhere, nowhere, neighbour->tracker.latest_ids()};
}

ListSegments::Meeting ListSegments::meet_next(std::list<Segment>::const_iterator segment, const WalkTracker& tracker,
                                              bool at_end) const {
  const auto neighbour = std::next(segment);
  const auto edge = edge_behind(segment);
  const bool is_past = edge && tracker.position() > edge;
  if (neighbour == segments_.end() || (!is_past && !at_end)) return Meeting::apart;
  const auto seam = neighbour->tracker.seam();
  if (!seam) return neighbour->state == State::walking ? Meeting::unknown : Meeting::nothing_shared;
  if (tracker.meets(*seam)) return Meeting::met;
  // At the end they need not have passed each other, if the last objects share one instant: then the closing proof
  // tells whether it is the end.
  const bool may_be_the_end = edge == tracker.position() && tracker.shares(*seam);
  return at_end && !may_be_the_end ? Meeting::contradicted : Meeting::nothing_shared;
}

/// The walk that comes towards it looks after most of this; but if this one passed it unseen, they would not meet.
ListSegments::Advance ListSegments::advance_backwards(Place segment, const WalkTracker& tracker, bool at_end) {
  const auto before = std::prev(segment);
  const auto seam = tracker.seam();
  const bool is_met = seam && before->tracker.meets(*seam);
  if (is_met) {
    end_in_favour_of_another(*before);
    // A walk that has not begun yet will list nothing any more.
    const bool has_begun = before->tracker.pages() > 0;
    const auto ids = has_begun ? before->tracker.latest_ids() : std::vector<std::string>{};
    return {
        Next::finish, Seam{Instant{INT64_MIN}, has_begun ? *before->tracker.position() : Instant{INT64_MIN}, ids}, {}};
  }
  if (!at_end) return {Next::go_on, Seam{nowhere, nowhere, before->tracker.latest_ids()}, {}};
  // At the beginning of the list everything is read, whatever the others do; if it is the beginning.
  const auto& first = segments_.front().tracker.first_id();
  if (std::ranges::count(tracker.latest_ids(), first) == 0) return {Next::distrust, {}, {}};
  for (auto other = segments_.begin(); other != segment; ++other) end_in_favour_of_another(*other);
  return {Next::finish, {}, {}};
}

void ListSegments::end_in_favour_of_another(Segment& segment) {
  if (segment.state == State::finished) return;
  segment.is_unwanted = true;
  segment.tracker.finish(true);
  if (segment.state != State::walking) segment.state = State::finished;
  note_change();
}

WalkTracker ListSegments::restart(const std::string& segment) {
  const std::lock_guard lock(mutex_);
  const auto place = find(segment);
  if (!place->is_unwanted) place->tracker = place->tracker.anew();
  place->is_at_end = false;
  note_change();
  return place->tracker.anew();
}

bool ListSegments::give_up(const std::string& segment) {
  const std::lock_guard lock(mutex_);
  const auto place = find(segment);
  if (place == segments_.begin()) return false;
  const auto before = std::prev(place);
  if (before->state == State::finished) return false;
  before->voided.push_back(segment);
  forget_place(segment);
  segments_.erase(place);
  note_change();
  return true;
}

/// Nothing of it is written any more once this returns.
void ListSegments::absorb(Place segment, std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  segment->is_unwanted = true;
  note_change();
  const std::string name = segment->name;
  forget_place(name);
  while (true) {
    const auto place = find(name);
    if (place == segments_.end()) return;
    if (place->state != State::walking) {
      segments_.erase(place);
      return;
    }
    wait(lock, stop);
  }
}

/// Where a walk could not begin, none is to begin again.
void ListSegments::forget_place(const std::string& id) {
  forgotten_.insert(id);
  std::erase_if(places_, [&](const ListPlace& place) { return place.id == id; });
}

bool ListSegments::is_whole() const {
  const std::lock_guard lock(mutex_);
  return !was_cut_;
}

bool ListSegments::is_finished() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(segments_, [](const Segment& segment) { return segment.state == State::finished; });
}

std::vector<WalkTracker> ListSegments::walks() const {
  const std::lock_guard lock(mutex_);
  std::vector<WalkTracker> walks;
  for (const auto& segment : segments_) walks.push_back(segment.tracker);
  return walks;
}

std::uint64_t ListSegments::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

void ListSegments::wait_for_change(std::uint64_t seen, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, std::chrono::seconds{1}, [&] { return version_ != seen; });
}

void ListSegments::wake() {
  const std::lock_guard lock(mutex_);
  note_change();
}

ListSegments::Place ListSegments::find(const std::string& name) {
  return std::ranges::find(segments_, name, &Segment::name);
}

std::optional<Instant> ListSegments::edge_behind(std::list<Segment>::const_iterator segment) const {
  const auto neighbour = std::next(segment);
  if (neighbour == segments_.end()) return std::nullopt;
  if (const auto& start = neighbour->tracker.start()) return start->created_at;
  const auto seam = neighbour->tracker.seam();
  return seam ? std::optional(seam->edge) : std::nullopt;
}

void ListSegments::wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) const {
  const auto seen = version_;
  changed_.wait(lock, stop, [&] { return version_ != seen; });
  if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
}

void ListSegments::note_change() {
  ++version_;
  changed_.notify_all();
}

}  // namespace mirror::sync
