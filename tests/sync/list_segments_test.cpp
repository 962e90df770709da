// Rule R7 for walks side by side: together they prove what one walk would, or nothing.

#include "sync/list_segments.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "model/streams.hpp"
#include "support/error.hpp"
#include "sync/mentioned_places.hpp"
#include "tests/catch.hpp"
#include "tests/sync/listed_objects.hpp"

using namespace mirror;
using namespace mirror::sync;
using namespace mirror::tests;
using Next = ListSegments::Next;

namespace {

/// What the API does with a cursor whose object is gone.
enum class Unknown { refused, ignored, empty };

/// A list that others change while it is read. Thread-safe.
class Listing {
 public:
  Listing(Objects objects, std::size_t page_size, Unknown unknown, std::uint64_t seed)
      : objects_(std::move(objects)), page_size_(page_size), unknown_(unknown), random_(seed) {}

  /// Empty if the cursor is refused.
  std::optional<api::ListPage> read(const WalkTracker& walk) {
    const std::lock_guard lock(mutex_);
    change();
    Objects ordered = objects_;
    if (walk.order() == api::ListOrder::descending) std::ranges::reverse(ordered);
    std::size_t first = 0;
    if (walk.cursor()) {
      const auto found = std::ranges::find(ordered, *walk.cursor(), &Object::id);
      if (found != ordered.end()) {
        first = static_cast<std::size_t>(found - ordered.begin()) + 1;
      } else if (unknown_ == Unknown::refused) {
        return std::nullopt;
      } else if (unknown_ == Unknown::empty) {
        first = ordered.size();
      }
    }
    api::ListPage page(*users().table);
    const std::size_t last = std::min(ordered.size(), first + page_size_);
    for (std::size_t i = first; i < last; ++i) page.listed.push_back({ordered[i].id, at(ordered[i].created_at)});
    if (last < ordered.size()) page.after = ordered[last - 1].id;
    ++reads_;
    return page;
  }

  void change_now_and_then(int most) { changes_left_ = most; }
  [[nodiscard]] std::set<std::string> deleted() const { return deleted_; }
  [[nodiscard]] std::size_t reads() const { return reads_; }
  [[nodiscard]] std::set<std::string> ids() const {
    std::set<std::string> ids;
    for (const auto& object : objects_) ids.insert(object.id);
    return ids;
  }

 private:
  void change() {
    if (changes_left_ == 0 || random_() % 3 != 0 || objects_.empty()) return;
    --changes_left_;
    const auto victim = objects_.begin() + static_cast<std::ptrdiff_t>(random_() % objects_.size());
    deleted_.insert(victim->id);
    objects_.erase(victim);
  }

  std::mutex mutex_;
  Objects objects_;
  const std::size_t page_size_;
  const Unknown unknown_;
  std::mt19937_64 random_;
  int changes_left_ = 0;
  std::set<std::string> deleted_;
  std::size_t reads_ = 0;
};

/// What the writer would know: candidates by the segment whose evidence they rest on. Thread-safe.
class Evidence {
 public:
  explicit Evidence(Objects mirrored) : mirrored_(std::move(mirrored)) {}

  void add(const std::string& segment, const api::ListPage& page, const Coverage& coverage,
           const std::vector<std::string>& voided) {
    const std::lock_guard lock(mutex_);
    for (const auto& name : voided) {
      std::erase_if(candidates_, [&](const auto& candidate) { return candidate.second == name; });
    }
    for (const auto& item : page.listed) {
      listed_.insert(item.id);
      std::erase_if(candidates_, [&](const auto& candidate) { return candidate.first == item.id; });
    }
    for (const auto& id : tests::missing(mirrored_, page, coverage)) candidates_.insert({id, segment});
  }

  [[nodiscard]] std::set<std::string> missing() const {
    std::set<std::string> ids;
    for (const auto& [id, segment] : candidates_) ids.insert(id);
    return ids;
  }
  [[nodiscard]] const std::set<std::string>& listed() const { return listed_; }

 private:
  std::mutex mutex_;
  const Objects mirrored_;
  std::set<std::pair<std::string, std::string>> candidates_;
  std::set<std::string> listed_;
};

/// As ListWalk, without requests and retries by the clock. Returns false if it proves nothing.
bool walk(ListSegments& segments, ListSegments::Task task, Listing& listing, Evidence& evidence) {
  auto& [segment, tracker] = task;
  std::vector<std::string> voided;
  bool is_good = true;
  for (int restarts = 0;;) {
    const auto page = listing.read(tracker);
    const auto step = page ? tracker.accept(*page) : WalkTracker::Step::broken;
    const bool at_end = step == WalkTracker::Step::end;
    ListSegments::Advance advance;
    const auto write = [&](const ListSegments::Advance& decided) {
      voided.insert(voided.end(), decided.voided.begin(), decided.voided.end());
      evidence.add(segment, *page, tracker.coverage(), std::exchange(voided, {}));
    };
    if (step != WalkTracker::Step::broken) advance = segments.advance(segment, tracker, at_end, {}, write);
    const bool is_last = at_end && advance.next == Next::go_on;
    if (is_last || advance.next == Next::distrust) {
      voided.insert(voided.end(), advance.voided.begin(), advance.voided.end());
    }
    const bool is_proven = !is_last || tracker.is_closed_by(*listing.read(WalkTracker::backwards()), at(1'000'000));
    if (step == WalkTracker::Step::broken || advance.next == Next::distrust || !is_proven) {
      if ((tracker.pages() == 0 || restarts == 2) && segments.give_up(segment)) break;
      is_good = restarts++ < 2;
      if (!is_good) break;
      voided.push_back(segment);
      tracker = segments.restart(segment);
      continue;
    }
    if (is_last) {
      tracker.finish(false);
      segments.conclude(segment, tracker, [&](bool) { write({}); });
    }
    if (is_last || advance.next == Next::leave || advance.next == Next::finish) break;
    std::this_thread::yield();
  }
  segments.release(segment);
  return is_good;
}

std::vector<ListPlace> some_places(std::mt19937_64& random, const Objects& mirrored) {
  std::vector<ListPlace> places;
  for (const auto& row : mirrored) {
    if (random() % 3 == 0) places.push_back({row.id, at(row.created_at)});
  }
  return places;
}

struct Outcome {
  bool is_good = true;
  std::size_t walks = 0;
};

/// Walks with up to `threads` walks at once. `interrupt_after` walks the process ends and another goes on.
Outcome walk_side_by_side(ListSegments& segments, Listing& listing, Evidence& evidence, std::size_t threads) {
  std::atomic<bool> is_good{true};
  std::atomic<std::size_t> walks{0};
  std::atomic<std::size_t> running{0};
  std::vector<std::jthread> pool;
  while (true) {
    const auto seen = segments.version();
    while (running < threads) {
      auto task = segments.take();
      if (!task) break;
      ++walks;
      ++running;
      pool.emplace_back([&, task = std::move(*task)]() mutable {
        if (!walk(segments, std::move(task), listing, evidence)) is_good = false;
        --running;
        segments.wake();
      });
    }
    if (running == 0) break;
    segments.wait_for_change(seen, {});
  }
  pool.clear();
  return {is_good, walks};
}

struct RandomCase {
  explicit RandomCase(std::uint64_t seed) : random(seed) {
    mirrored = random_list(random, 1 + random() % 120);
    for (const auto& object : mirrored) (random() % 4 == 0 ? gone : list).push_back(object);
    page_size = 1 + random() % 7;
    unknown = static_cast<Unknown>(random() % 3);
  }

  std::mt19937_64 random;
  Objects mirrored;
  Objects list;
  Objects gone;
  std::size_t page_size = 1;
  Unknown unknown = Unknown::refused;
};

}  // namespace

TEST_CASE("walks side by side miss what is gone and nothing else, also where they begin behind objects that are gone") {
  std::size_t cut = 0;
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    RandomCase given(seed);
    if (given.list.empty()) continue;
    CAPTURE(seed, given.page_size, static_cast<int>(given.unknown));
    Listing listing(given.list, given.page_size, given.unknown, seed);
    Evidence evidence(given.mirrored);
    ListSegments segments(1 + given.random() % 4);
    segments.set_places(some_places(given.random, given.mirrored), 1.0);
    const auto outcome = walk_side_by_side(segments, listing, evidence, 1 + given.random() % 5);
    REQUIRE(outcome.is_good);
    REQUIRE(segments.is_finished());
    CHECK(evidence.missing() == ids_of(given.gone));
    CHECK(evidence.listed() == ids_of(given.list));
    if (!segments.is_whole()) ++cut;
  }
  CHECK(cut > 500);
}

TEST_CASE("what is deleted under walks side by side is seen or missed, and everything else is seen") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    RandomCase given(seed);
    if (given.list.empty()) continue;
    CAPTURE(seed, given.page_size, static_cast<int>(given.unknown));
    Listing listing(given.list, given.page_size, given.unknown, seed);
    listing.change_now_and_then(static_cast<int>(given.random() % 10));
    Evidence evidence(given.mirrored);
    ListSegments segments(1 + given.random() % 4);
    segments.set_places(some_places(given.random, given.mirrored), 1.0);
    const auto outcome = walk_side_by_side(segments, listing, evidence, 2 + given.random() % 4);
    if (!outcome.is_good || !segments.is_finished()) continue;  // no certificate
    auto missing = evidence.missing();
    for (const auto& object : given.gone) REQUIRE(missing.erase(object.id) == 1);
    for (const auto& id : missing) REQUIRE(listing.deleted().contains(id));
    for (const auto& id : listing.ids()) REQUIRE(evidence.listed().contains(id));
  }
}

TEST_CASE("a walk alone is never cut") {
  RandomCase given(7);
  Listing listing(given.list, 3, Unknown::refused, 7);
  Evidence evidence(given.mirrored);
  ListSegments segments(1);
  segments.set_places(some_places(given.random, given.mirrored), 1.0);
  CHECK(walk_side_by_side(segments, listing, evidence, 1).walks == 1);
  CHECK(segments.is_whole());
}

TEST_CASE("a long list of which nothing is known is read from both ends") {
  Objects list;
  for (int i = 0; i < 400; ++i) list.push_back({"user_" + std::to_string(i), i});
  Listing listing(list, 10, Unknown::refused, 1);
  Evidence evidence({});
  ListSegments segments(50);
  CHECK(walk_side_by_side(segments, listing, evidence, 8).walks == 2);
  CHECK(evidence.listed() == ids_of(list));
  const auto walks = segments.walks();
  REQUIRE(walks.size() == 2);
  CHECK(walks.back().order() == api::ListOrder::descending);
  CHECK(walks.back().first_id() == "user_399");
  CHECK(listing.reads() <= 44);  // 40, and what both read where they met
}

TEST_CASE("an object at which two walks towards each other end a page is counted once, by whoever came first") {
  Objects list;
  for (int i = 0; i < 79; ++i) list.push_back({"user_" + std::to_string(i), i});
  Listing listing(list, 10, Unknown::refused, 1);
  ListSegments segments(5);
  auto forwards = segments.take();
  REQUIRE(forwards);
  std::optional<Seam> counted_by_the_other;
  const auto step = [&](ListSegments::Task& task) {
    REQUIRE(task.tracker.accept(*listing.read(task.tracker)) == WalkTracker::Step::go_on);
    const auto next =
        segments.advance(task.segment, task.tracker, false, {},
                         [&](const ListSegments::Advance& decided) { counted_by_the_other = decided.seam; });
    REQUIRE(next.next == ListSegments::Next::go_on);
  };
  for (int page = 0; page < 6; ++page) step(*forwards);
  auto backwards = segments.take();
  REQUIRE(backwards);
  // Both pages end at the object 69.
  const bool is_forwards_first = GENERATE(true, false);
  step(is_forwards_first ? *forwards : *backwards);
  step(is_forwards_first ? *backwards : *forwards);
  REQUIRE(counted_by_the_other);
  CHECK(std::ranges::count(counted_by_the_other->ids, "user_69") == 1);
  CHECK(counted_by_the_other->edge == counted_by_the_other->until);  // nothing else
}

TEST_CASE("segments are at least as long as is wanted") {
  Objects list;
  for (int i = 0; i < 1'000; ++i) list.push_back({"user_" + std::to_string(i), i});
  std::vector<ListPlace> places;
  for (int i = 0; i < 1'000; i += 10) places.push_back({"user_" + std::to_string(i), at(i)});
  ListSegments segments(300);
  segments.set_places(places, 10);
  REQUIRE(segments.take()->segment.empty());
  CHECK(segments.take()->segment == "user_500");
  CHECK_FALSE(segments.take());
}

TEST_CASE("segments that an earlier process left are taken up where they stood") {
  Objects list;
  for (int i = 0; i < 40; ++i) list.push_back({"user_" + std::to_string(i), i});
  Listing listing(list, 5, Unknown::refused, 1);
  Evidence evidence(list);
  std::vector<ListSegments::Task> stored;
  for (const auto& start : {-1, 19}) {
    auto tracker = start < 0 ? WalkTracker{} : WalkTracker::behind({"user_19", at(19)});
    const auto page = listing.read(tracker);
    REQUIRE(tracker.accept(*page) == WalkTracker::Step::go_on);
    evidence.add("", *page, tracker.coverage(), {});
    stored.push_back({start < 0 ? "" : "user_19", WalkTracker::from_json(tracker.to_json())});
  }
  ListSegments segments(100);
  segments.restore(std::move(stored));
  CHECK(walk_side_by_side(segments, listing, evidence, 1).is_good);
  CHECK(segments.is_finished());
  CHECK(evidence.listed() == ids_of(list));
  CHECK(evidence.missing().empty());
  CHECK(listing.reads() == 10);  // 8, one where they met, and the closing proof
}

TEST_CASE("of places that were mentioned an even sample is kept, and the memory is bounded") {
  MentionedPlaces mentioned;
  std::vector<api::ListedItem> items;
  for (int i = 0; i < 100'000; ++i) items.push_back({"user_" + std::to_string(i), at(i)});
  items.push_back({"user_without_time", std::nullopt});
  mentioned.add("users", items);
  const auto sample = mentioned.of("users");
  CHECK(sample.places.size() <= MentionedPlaces::most_places);
  CHECK(sample.places.size() * 2 > MentionedPlaces::most_places / 2);
  CHECK(sample.rows_per_place == 32);
  for (std::size_t i = 1; i < sample.places.size(); ++i) {
    REQUIRE(sample.places[i].created_at.microseconds - sample.places[i - 1].created_at.microseconds ==
            32 * microseconds_per_second);
  }
  CHECK(mentioned.of("invitations").places.empty());
}
