#include "sync/walk_tracker.hpp"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "support/error.hpp"

namespace mirror::sync {
namespace {

/// More objects than this with one instant of creation (an import, say) are not followed id by id.
constexpr std::size_t most_ties = 5'000;
/// Enough to recognise the end again after a restart; the running walk remembers a whole page.
constexpr std::size_t stored_tail = 10;
constexpr std::size_t most_tail = 100;
/// Of the objects behind the start: some may be deleted before the walk before comes to them.
constexpr std::size_t most_head = 10;

bool contains(const std::vector<std::string>& ids, std::string_view id) {
  return std::ranges::find(ids, id) != ids.end();
}

nlohmann::json instant_json(const std::optional<Instant>& instant) {
  return instant ? nlohmann::json(instant->microseconds) : nlohmann::json(nullptr);
}

std::optional<Instant> read_instant(const nlohmann::json& json) {
  if (json.is_null()) return std::nullopt;
  return Instant{json.get<std::int64_t>()};
}

}  // namespace

WalkTracker WalkTracker::behind(const ListPlace& start) {
  WalkTracker tracker;
  tracker.start_ = start;
  tracker.cursor_ = start.id;
  tracker.floor_ = start.created_at;
  tracker.gap_above_floor_ = true;
  tracker.tail_.push_back(start.id);
  return tracker;
}

WalkTracker WalkTracker::backwards() {
  WalkTracker tracker;
  tracker.is_backwards_ = true;
  return tracker;
}

WalkTracker WalkTracker::anew() const {
  if (is_backwards_) return backwards();
  return start_ ? behind(*start_) : WalkTracker{};
}

WalkTracker::Step WalkTracker::accept(const api::ListPage& page) {
  coverage_ = {};
  if (page.listed.empty()) {
    if (page.after) return break_off("the API answered an empty page that claims to have a successor");
    cover({}, true);
    return Step::end;
  }
  const auto items = new_items(page);
  if (auto restart = find_restart(page, items); !restart.empty()) return break_off(std::move(restart));
  if (page.after && is_known_cursor(*page.after)) return break_off("the API repeated a cursor");
  if (std::ranges::any_of(items, [](const Item& item) { return item.id.empty(); })) {
    problem_ = "an object of the list has no readable id";
  }
  if (pages_ == 0 && !items.empty()) {
    first_id_ = items.front().id;
    first_created_at_ = items.front().created_at;
  }
  cover(items, !page.after);
  remember_head(items);
  remember_cursor(page);
  remember_tail(page);
  rows_ += static_cast<std::int64_t>(items.size());
  return page.after ? Step::go_on : Step::end;
}

/// The items of the page without those at its front that the page before ended with.
std::vector<WalkTracker::Item> WalkTracker::new_items(const api::ListPage& page) const {
  std::vector<Item> items;
  bool overlapping = true;
  for (const auto& listed : page.listed) {
    overlapping = overlapping && !listed.id.empty() && contains(tail_, listed.id);
    if (!overlapping)
      items.push_back({listed.id, listed.created_at ? std::optional(turned(*listed.created_at)) : std::nullopt});
  }
  return items;
}

/// Whether the API lost its place: an ignored cursor shows the list from its beginning again.
std::string WalkTracker::find_restart(const api::ListPage& page, const std::vector<Item>& items) const {
  if (!cursor_) return {};
  if (!first_id_.empty() && page.listed.front().id == first_id_) return "the API ignored the cursor and started again";
  if (items.empty() && page.after) return "the API repeated a page";
  if (items.empty()) return {};
  const auto& created_at = items.front().created_at;
  if (created_at && floor_ && *created_at < *floor_) {
    const bool is_beginning = !first_created_at_ || *created_at <= *first_created_at_;
    return is_beginning ? "the API ignored the cursor and started again" : "the list is not in order of creation";
  }
  return {};
}

bool WalkTracker::is_known_cursor(const std::string& cursor) const {
  return cursor_ == cursor || (!landmark_cursor_.empty() && landmark_cursor_ == cursor);
}

void WalkTracker::cover(const std::vector<Item>& items, bool at_end) {
  std::optional<Instant> highest = floor_;
  bool in_order = true;
  for (const auto& item : items) {
    if (!item.created_at) continue;
    in_order = in_order && (!highest || *item.created_at >= *highest);
    highest = highest ? std::max(*highest, *item.created_at) : *item.created_at;
  }
  coverage_.in_order = in_order;
  if (floor_) coverage_.from = gap_above_floor_ ? Instant{floor_->microseconds + 1} : *floor_;
  if (floor_ && !gap_above_floor_) coverage_.seen_before = ties_;
  if (!at_end) coverage_.to = highest;
  coverage_ = turned(std::move(coverage_));

  if (highest != floor_) ties_.clear();
  gap_above_floor_ = (gap_above_floor_ && highest == floor_) || !in_order;
  for (const auto& item : items) {
    if (item.created_at == highest) ties_.emplace_back(item.id);
  }
  if (ties_.size() > most_ties) {
    ties_.clear();
    gap_above_floor_ = true;
  }
  floor_ = highest;
}

/// The range begins exclusively and ends inclusively when it is looked at from the other side.
Coverage WalkTracker::turned(Coverage coverage) const {
  if (!is_backwards_) return coverage;
  const auto next = [&](const std::optional<Instant>& bound) {
    return bound ? std::optional(Instant{turned(*bound).microseconds + 1}) : std::nullopt;
  };
  return {coverage.in_order, next(coverage.to), next(coverage.from), std::move(coverage.seen_before)};
}

void WalkTracker::remember_head(const std::vector<Item>& items) {
  if (!start_) return;
  for (const auto& item : items) {
    if (head_.size() == most_head) return;
    if (!item.id.empty() && item.created_at && *item.created_at > start_->created_at) head_.emplace_back(item.id);
  }
}

std::optional<Seam> WalkTracker::seam() const {
  if (pages_ == 0 || !floor_) return std::nullopt;
  // What was created since it began, a backwards walk never lists.
  if (is_backwards_) {
    auto ids = tail_;
    ids.push_back(first_id_);
    return Seam{turned(*floor_), turned(first_created_at_.value_or(*floor_)), std::move(ids)};
  }
  if (start_ && !head_.empty()) return Seam{start_->created_at, Instant{INT64_MAX}, head_};
  return std::nullopt;
}

void WalkTracker::finish(bool at_neighbour) {
  is_finished_ = true;
  if (!at_neighbour || !floor_) return;
  if (is_backwards_ && !coverage_.from) coverage_.from = Instant{turned(*floor_).microseconds + 1};
  if (!is_backwards_ && !coverage_.to) coverage_.to = *floor_;
}

bool WalkTracker::meets(const Seam& next) const {
  return floor_ && turned(*floor_) > next.edge && shares(next);
}

bool WalkTracker::shares(const Seam& next) const {
  return std::ranges::any_of(tail_, [&](const std::string& id) { return contains(next.ids, id); });
}

void WalkTracker::remember_cursor(const api::ListPage& page) {
  if (std::has_single_bit(static_cast<std::uint64_t>(pages_ + 1)) && cursor_) landmark_cursor_ = *cursor_;
  ++pages_;
  // At the end the last object is the place to go on from, should the process be killed before the certificate.
  cursor_ = page.after ? *page.after : page.listed.back().id;
  if (cursor_->empty()) cursor_.reset();
}

void WalkTracker::remember_tail(const api::ListPage& page) {
  for (const auto& item : page.listed) {
    if (!item.id.empty()) tail_.push_back(item.id);
  }
  if (tail_.size() > most_tail) tail_.erase(tail_.begin(), tail_.end() - static_cast<std::ptrdiff_t>(most_tail));
}

WalkTracker::Step WalkTracker::break_off(std::string problem) {
  problem_ = std::move(problem);
  return Step::broken;
}

bool WalkTracker::is_closed_by(const api::ListPage& newest_first, Instant started_at) const {
  for (const auto& item : newest_first.listed) {
    if (contains(tail_, item.id) || contains(ties_, item.id)) return true;
    const bool created_meanwhile = item.created_at && *item.created_at >= started_at;
    if (!created_meanwhile) return false;
  }
  // Only objects created since the start are listed. Without one that the walk knows, that is a proof only if nothing
  // was there before.
  return !newest_first.after && rows_ == 0;
}

std::string WalkTracker::to_json() const {
  const auto from = tail_.size() > stored_tail ? tail_.end() - static_cast<std::ptrdiff_t>(stored_tail) : tail_.begin();
  nlohmann::json json{
      {"first_id", first_id_}, {"first_created_at", instant_json(first_created_at_)}, {"floor", instant_json(floor_)},
      {"ties", ties_},         {"tail", std::vector<std::string>(from, tail_.end())}, {"pages", pages_},
      {"rows", rows_}};
  if (cursor_) json["cursor"] = *cursor_;
  if (gap_above_floor_) json["gap_above_floor"] = true;
  if (!landmark_cursor_.empty()) json["landmark_cursor"] = landmark_cursor_;
  if (!problem_.empty()) json["problem"] = problem_;
  if (is_backwards_) json["backwards"] = true;
  if (is_finished_) json["finished"] = true;
  if (start_) json["start"] = {{"id", start_->id}, {"created_at", start_->created_at.microseconds}, {"head", head_}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

WalkTracker WalkTracker::from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    WalkTracker tracker;
    if (json.contains("cursor")) tracker.cursor_ = json.at("cursor").get<std::string>();
    tracker.first_id_ = json.at("first_id").get<std::string>();
    tracker.first_created_at_ = read_instant(json.at("first_created_at"));
    tracker.floor_ = read_instant(json.at("floor"));
    tracker.gap_above_floor_ = json.value("gap_above_floor", false);
    tracker.ties_ = json.at("ties").get<std::vector<std::string>>();
    tracker.tail_ = json.at("tail").get<std::vector<std::string>>();
    tracker.landmark_cursor_ = json.value("landmark_cursor", std::string{});
    tracker.pages_ = json.at("pages").get<std::int64_t>();
    tracker.rows_ = json.at("rows").get<std::int64_t>();
    tracker.problem_ = json.value("problem", std::string{});
    tracker.is_backwards_ = json.value("backwards", false);
    tracker.is_finished_ = json.value("finished", false);
    if (json.contains("start")) {
      const auto& start = json.at("start");
      tracker.start_ = {start.at("id").get<std::string>(), Instant{start.at("created_at").get<std::int64_t>()}};
      tracker.head_ = start.at("head").get<std::vector<std::string>>();
    }
    return tracker;
  } catch (const nlohmann::json::exception& error) {
    throw Error(Fault::bug, std::string("the stored progress of a walk is unreadable: ") + error.what());
  }
}

}  // namespace mirror::sync
