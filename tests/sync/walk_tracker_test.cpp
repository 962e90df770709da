// Rule R7 on its own: what a walk proves, and when it proves nothing.

#include "sync/walk_tracker.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "model/streams.hpp"
#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/sync/listed_objects.hpp"

using namespace mirror;
using namespace mirror::sync;
using namespace mirror::tests;
using Step = WalkTracker::Step;

namespace {

/// The page of `list` behind `cursor`, as an API gives it that does everything right.
api::ListPage page_behind(const Objects& list, const std::optional<std::string>& cursor, std::size_t size) {
  std::size_t first = 0;
  while (cursor && first < list.size() && list[first++].id != *cursor) {
  }
  const std::size_t last = std::min(list.size(), first + size);
  const Objects objects(list.begin() + static_cast<std::ptrdiff_t>(first),
                        list.begin() + static_cast<std::ptrdiff_t>(last));
  return page_of(objects, last < list.size() ? std::optional(objects.back().id) : std::nullopt);
}

enum class Restarts { never, at_every_page };

/// Walks `list` and says which rows of `mirrored` it missed.
std::set<std::string> walk(const Objects& list, const Objects& mirrored, std::size_t page_size, Restarts restarts) {
  WalkTracker tracker;
  std::set<std::string> gone;
  while (true) {
    const auto page = page_behind(list, tracker.cursor(), page_size);
    const auto step = tracker.accept(page);
    REQUIRE(tracker.problem().empty());
    REQUIRE(step != Step::broken);
    gone.merge(missing(mirrored, page, tracker.coverage()));
    if (restarts == Restarts::at_every_page) tracker = WalkTracker::from_json(tracker.to_json());
    if (step == Step::end) break;
  }
  CHECK(tracker.rows() == static_cast<std::int64_t>(list.size()));
  Objects newest_first(list.rbegin(), list.rend());
  if (newest_first.size() > page_size) newest_first.resize(page_size);
  CHECK(tracker.is_closed_by(page_of(newest_first), at(1'000'000)));
  return gone;
}

}  // namespace

TEST_CASE("a page covers what was created before its newest object, and the last page everything after") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"b", 3}}, "b")) == Step::go_on);
  CHECK(tracker.coverage().in_order);
  CHECK_FALSE(tracker.coverage().from);
  CHECK(tracker.coverage().to == at(3));
  REQUIRE(tracker.accept(page_of({{"c", 5}, {"d", 7}}, "d")) == Step::go_on);
  CHECK(tracker.coverage().from == at(3));
  CHECK(tracker.coverage().to == at(7));
  CHECK(tracker.coverage().seen_before == std::vector<std::string>{"b"});
  REQUIRE(tracker.accept(page_of({{"e", 9}})) == Step::end);
  CHECK(tracker.coverage().from == at(7));
  CHECK_FALSE(tracker.coverage().to);
  CHECK(tracker.rows() == 5);
  CHECK(tracker.first_id() == "a");
  CHECK(tracker.last_id() == "e");
}

TEST_CASE("of five objects with one created_at on a page's edge exactly the one that is gone is missed") {
  const Objects mirrored{{"a", 1}, {"t1", 5}, {"t2", 5}, {"t3", 5}, {"t4", 5}, {"t5", 5}, {"z", 9}};
  for (std::size_t gone = 1; gone <= 5; ++gone) {
    Objects list = mirrored;
    const std::string id = list[gone].id;
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(gone));
    for (const std::size_t page_size : {1, 2, 3, 4, 5, 6}) {
      CAPTURE(id, page_size);
      CHECK(walk(list, mirrored, page_size, Restarts::never) == std::set{id});
      CHECK(walk(list, mirrored, page_size, Restarts::at_every_page) == std::set{id});
    }
  }
}

TEST_CASE("a walk misses what is gone and nothing else, wherever pages end and processes restart") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    const Objects mirrored = random_list(random, 1 + random() % 40);
    Objects list;
    Objects gone;
    for (const auto& object : mirrored) (random() % 4 == 0 ? gone : list).push_back(object);
    const std::size_t page_size = 1 + random() % 7;
    CAPTURE(seed, page_size);
    if (list.empty()) continue;
    CHECK(walk(list, mirrored, page_size, Restarts::never) == ids_of(gone));
    CHECK(walk(list, mirrored, page_size, Restarts::at_every_page) == ids_of(gone));
  }
}

TEST_CASE("a walk that is resumed behind its last page ends again and doubts nothing that it saw") {
  const Objects list{{"a", 1}, {"b", 3}, {"c", 3}};
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of(list)) == Step::end);
  auto resumed = WalkTracker::from_json(tracker.to_json());
  REQUIRE(resumed.cursor() == "c");
  const auto behind = page_behind(list, resumed.cursor(), 2);
  REQUIRE(resumed.accept(behind) == Step::end);
  CHECK(missing(list, behind, resumed.coverage()).empty());
  CHECK(resumed.rows() == 3);
  CHECK(resumed.is_closed_by(page_of({{"c", 3}, {"b", 3}}), at(100)));
}

TEST_CASE("a page that is not in order stands for its ids alone, and the gap that it leaves is not covered") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"b", 5}}, "b")) == Step::go_on);
  REQUIRE(tracker.accept(page_of({{"c", 9}, {"d", 6}}, "d")) == Step::go_on);
  CHECK_FALSE(tracker.coverage().in_order);
  REQUIRE(tracker.accept(page_of({{"e", 12}})) == Step::end);
  CHECK(tracker.coverage().in_order);
  CHECK(tracker.coverage().from > at(9));
}

TEST_CASE("a page that begins with the last objects of the page before is understood") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"b", 2}, {"c", 2}}, "c")) == Step::go_on);
  REQUIRE(tracker.accept(page_of({{"b", 2}, {"c", 2}, {"d", 4}})) == Step::end);
  CHECK(tracker.rows() == 4);
  CHECK(tracker.problem().empty());
  CHECK(tracker.coverage().in_order);
  CHECK(tracker.coverage().from == at(2));
}

TEST_CASE("a page that was listed before, with another cursor behind it, breaks the walk") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"b", 2}}, "b")) == Step::go_on);
  REQUIRE(tracker.accept(page_of({{"c", 3}, {"d", 4}}, "d")) == Step::go_on);
  CHECK(tracker.accept(page_of({{"c", 3}, {"d", 4}}, "x")) == Step::broken);
  CHECK_THAT(tracker.problem(), ContainsSubstring("repeated"));
}

TEST_CASE("a cursor that leads to itself breaks the walk") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}}, "a")) == Step::go_on);
  CHECK(tracker.accept(page_of({{"b", 2}}, "a")) == Step::broken);
  CHECK_THAT(tracker.problem(), ContainsSubstring("repeated a cursor"));
}

TEST_CASE("cursors that go round in a circle break the walk, also one that is resumed at every page") {
  for (const auto restarts : {Restarts::never, Restarts::at_every_page}) {
    for (int length = 2; length <= 9; ++length) {
      WalkTracker tracker;
      // Ever new objects: only the cursors tell.
      int pages = 0;
      const auto next_page = [&] {
        const auto object = "user_" + std::to_string(pages);
        return page_of({{object, pages}}, "cursor_" + std::to_string(pages++ % length));
      };
      while (tracker.accept(next_page()) != Step::broken) {
        REQUIRE(pages < 50);
        if (restarts == Restarts::at_every_page) tracker = WalkTracker::from_json(tracker.to_json());
      }
      CHECK_THAT(tracker.problem(), ContainsSubstring("repeated a cursor"));
    }
  }
}

TEST_CASE("a list that starts again behind a cursor breaks the walk") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"b", 2}}, "b")) == Step::go_on);
  SECTION("with the same first object") {
    CHECK(tracker.accept(page_of({{"a", 1}, {"b", 2}}, "b")) == Step::broken);
  }
  SECTION("when the first object has been deleted meanwhile and an older one appeared") {
    CHECK(tracker.accept(page_of({{"0", 0}, {"b", 2}}, "b")) == Step::broken);
  }
  CHECK_THAT(tracker.problem(), ContainsSubstring("ignored the cursor"));
}

TEST_CASE("a list that goes back in time breaks the walk") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"d", 9}}, "d")) == Step::go_on);
  CHECK(tracker.accept(page_of({{"c", 5}, {"e", 12}}, "e")) == Step::broken);
  CHECK_THAT(tracker.problem(), ContainsSubstring("not in order"));
}

TEST_CASE("an empty page with a successor breaks the walk") {
  WalkTracker tracker;
  CHECK(tracker.accept(page_of({}, "a")) == Step::broken);
  CHECK_FALSE(tracker.problem().empty());
}

TEST_CASE("an object without id leaves the walk going and unproven, also after a restart") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"", 2}}, "b")) == Step::go_on);
  REQUIRE(tracker.accept(page_of({{"c", 3}})) == Step::end);
  CHECK_THAT(tracker.problem(), ContainsSubstring("no readable id"));
  CHECK(WalkTracker::from_json(tracker.to_json()).problem() == tracker.problem());
}

TEST_CASE("an undecodable created_at takes nothing from the order of the others") {
  WalkTracker tracker;
  auto page = page_of({{"a", 1}, {"b", 2}, {"c", 3}}, "c");
  page.listed[1].created_at.reset();
  REQUIRE(tracker.accept(page) == Step::go_on);
  CHECK(tracker.coverage().in_order);
  CHECK(tracker.coverage().to == at(3));
}

TEST_CASE("the closing proof is the newest object from before the walk's start") {
  constexpr std::int64_t start = 100;
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({{"a", 1}, {"b", 2}})) == Step::end);
  CHECK(tracker.is_closed_by(page_of({{"b", 2}, {"a", 1}}), at(start)));
  CHECK(tracker.is_closed_by(page_of({{"new", 101}, {"newer", 100}, {"b", 2}}), at(start)));
  CHECK_FALSE(tracker.is_closed_by(page_of({{"c", 3}, {"b", 2}}), at(start)));
  CHECK_FALSE(tracker.is_closed_by(page_of({{"new", 101}, {"c", 3}}), at(start)));
  CHECK_FALSE(tracker.is_closed_by(page_of({{"new", 101}}, "new"), at(start)));
  CHECK_FALSE(tracker.is_closed_by(page_of({}), at(start)));
}

TEST_CASE("an empty list is closed by an empty list, or by objects that came since") {
  WalkTracker tracker;
  REQUIRE(tracker.accept(page_of({})) == Step::end);
  CHECK(tracker.is_closed_by(page_of({}), at(100)));
  CHECK(tracker.is_closed_by(page_of({{"new", 101}}), at(100)));
  CHECK_FALSE(tracker.is_closed_by(page_of({{"new", 101}}, "new"), at(100)));
  CHECK_FALSE(tracker.is_closed_by(page_of({{"old", 99}}), at(100)));
}

TEST_CASE("stored progress that nobody wrote is a bug, not a beginning") {
  for (const char* text : {"", "{", "{}", "[]", R"({"pages":"many"})"}) {
    CAPTURE(text);
    try {
      (void)WalkTracker::from_json(text);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::bug);
    }
  }
}
