// Rules R1, R3 and R9 on their own: what one sighting means for one row.

#include "sync/verdict.hpp"

#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::sync;

namespace {

constexpr Instant at(std::int64_t seconds) {
  return {seconds * microseconds_per_second};
}

constexpr ContentHash old_content{1, 1};
constexpr ContentHash new_content{2, 2};

/// A live row: content of time 100, observed at 1,000.
RowState live_row() {
  RowState row;
  row.created_at = at(50);
  row.updated_at = at(100);
  row.hash = old_content;
  row.observed_at = at(1'000);
  return row;
}

RowState dead_row(DeletedBy by) {
  RowState row = live_row();
  row.tombstone = Tombstone{at(2'000), by};
  return row;
}

struct Seen {
  Source source = Source::list;
  std::int64_t observed = 1'001;
  std::int64_t updated = 100;
  ContentHash hash = old_content;
  std::string_view event_id = {};
  bool decisive = false;
};

Verdict judge_seen(const RowState& known, const Seen& seen) {
  return judge(&known, {seen.source, at(seen.observed), at(seen.updated), seen.hash, seen.event_id, seen.decisive});
}

constexpr Source every_source[] = {Source::list, Source::single, Source::event, Source::embedded};

}  // namespace

TEST_CASE("what the mirror has never seen is inserted") {
  for (const auto source : every_source) CHECK(judge(nullptr, {source, at(1), at(1), new_content}) == Verdict::insert);
}

TEST_CASE("equal content of equal age changes nothing, whenever and however it is seen") {
  for (const auto source : every_source) {
    for (const int observed : {999, 1'000, 1'001}) {
      CHECK(judge_seen(live_row(), {.source = source, .observed = observed}) == Verdict::unchanged);
    }
  }
}

TEST_CASE("a newer updated_at wins") {
  for (const auto source : every_source) {
    CHECK(judge_seen(live_row(), {.source = source, .updated = 101, .hash = new_content}) == Verdict::update);
    CHECK(judge_seen(live_row(), {.source = source, .observed = 1'000, .updated = 101, .hash = new_content}) ==
          Verdict::update);
  }
}

TEST_CASE("a newer updated_at in an answer that is older than the content held is a clock gone wrong: a read decides") {
  CHECK(judge_seen(live_row(), {.observed = 999, .updated = 101, .hash = new_content}) == Verdict::confirm);
  CHECK(judge_seen(live_row(), {.source = Source::single, .observed = 999, .updated = 101, .hash = new_content}) ==
        Verdict::update);
}

TEST_CASE("a row without updated_at takes any version") {
  RowState row = live_row();
  row.updated_at.reset();
  CHECK(judge_seen(row, {.updated = 1, .hash = new_content}) == Verdict::update);
}

TEST_CASE("among versions of one updated_at the later answer wins") {
  CHECK(judge_seen(live_row(), {.observed = 1'001, .hash = new_content}) == Verdict::update);
  CHECK(judge_seen(live_row(), {.observed = 999, .hash = new_content}) == Verdict::stale);
}

TEST_CASE("two versions of one updated_at within one second of the API are settled by a read") {
  CHECK(judge_seen(live_row(), {.observed = 1'000, .hash = new_content}) == Verdict::confirm);
  CHECK(judge_seen(live_row(), {.source = Source::single, .hash = new_content, .decisive = true}) == Verdict::update);
}

TEST_CASE("a tie between a list and an event is settled by a read") {
  RowState row = live_row();
  row.event_id = "event_01";
  CHECK(judge_seen(row, {.observed = 1'001, .hash = new_content}) == Verdict::confirm);
  CHECK(judge_seen(row, {.source = Source::event, .hash = new_content, .event_id = "event_02"}) == Verdict::confirm);
  CHECK(judge_seen(row, {.source = Source::event, .hash = new_content, .event_id = "event_01"}) == Verdict::stale);
  CHECK(judge_seen(row, {.source = Source::event, .hash = new_content, .event_id = "event_00"}) == Verdict::stale);
}

TEST_CASE("a read that began when the mirror held what it still holds wins, whatever its Date says") {
  const Seen read{.source = Source::single, .observed = 1, .updated = 1, .hash = new_content, .decisive = true};
  CHECK(judge_seen(live_row(), read) == Verdict::update);
  CHECK(judge_seen(live_row(), {.source = Source::single, .observed = 1, .decisive = true}) == Verdict::unchanged);
  for (const auto by : {DeletedBy::event, DeletedBy::sweep}) CHECK(judge_seen(dead_row(by), read) == Verdict::revive);
  const auto row = live_row();
  const auto after = state_after(&row, {Source::single, at(1), at(1), new_content, {}, true}, at(50));
  CHECK(after.observed_at == at(1'000));
}

TEST_CASE("a field that changes without a version is ordered by the API's time alone") {
  const ContentHash signed_in{old_content.high, old_content.low, 7};
  CHECK(judge_seen(live_row(), {.observed = 1'001, .hash = signed_in}) == Verdict::update);
  CHECK(judge_seen(live_row(), {.observed = 1'000, .hash = signed_in}) == Verdict::confirm);
  CHECK(judge_seen(live_row(), {.observed = 999, .hash = signed_in}) == Verdict::stale);
  RowState row = live_row();
  row.event_id = "event_01";
  CHECK(judge_seen(row, {.observed = 1'001, .hash = signed_in}) == Verdict::update);
  // The Date of a list is cut to the second, so an event within it may be older or younger.
  CHECK(judge_seen(row, {.source = Source::event, .observed = 1'001, .hash = signed_in, .event_id = "event_02"}) ==
        Verdict::confirm);
  CHECK(judge_seen(row, {.source = Source::event, .observed = 1'002, .hash = signed_in, .event_id = "event_02"}) ==
        Verdict::update);
}

TEST_CASE("deletions are ordered by event id") {
  const auto verdict = [](const RowState& row, std::string_view event, std::int64_t time) {
    return judge_deletion(&row, event, at(time));
  };
  CHECK(judge_deletion(nullptr, "event_05", at(1)) == DeathVerdict::entomb);
  CHECK(verdict(live_row(), "event_05", 1'000) == DeathVerdict::bury);
  CHECK(verdict(live_row(), "event_05", 999) == DeathVerdict::confirm);
  RowState row = live_row();
  row.event_id = "event_05";
  CHECK(verdict(row, "event_04", 5'000) == DeathVerdict::stale);
  CHECK(verdict(row, "event_05", 5'000) == DeathVerdict::stale);
  CHECK(verdict(row, "event_06", 1'000) == DeathVerdict::bury);
  CHECK(verdict(dead_row(DeletedBy::sweep), "event_06", 1) == DeathVerdict::upgrade);
}

TEST_CASE("a later event alone does not bring back what its own event deleted") {
  RowState row = dead_row(DeletedBy::event);
  row.event_id = "event_05";
  const auto created = [](std::string_view id) {
    return Seen{.source = Source::event, .observed = 1'500, .updated = 9'000, .hash = new_content, .event_id = id};
  };
  CHECK(judge_seen(row, created("event_04")) == Verdict::stale);
  CHECK(judge_seen(row, created("event_06")) == Verdict::confirm);
}

TEST_CASE("a later list with an older updated_at is settled by a read, which wins") {
  CHECK(judge_seen(live_row(), {.observed = 1'001, .updated = 99, .hash = new_content}) == Verdict::confirm);
  CHECK(judge_seen(live_row(), {.source = Source::single, .updated = 99, .hash = new_content, .decisive = true}) ==
        Verdict::update);
}

TEST_CASE("an older version in an answer that is no later is stale") {
  CHECK(judge_seen(live_row(), {.observed = 1'000, .updated = 99, .hash = new_content}) == Verdict::stale);
  CHECK(judge_seen(live_row(), {.observed = 999, .updated = 99, .hash = new_content}) == Verdict::stale);
  CHECK(judge_seen(live_row(), {.source = Source::single, .observed = 999, .updated = 99, .hash = new_content}) ==
        Verdict::stale);
}

TEST_CASE("an updated_at of the year 9999 does not close a row for ever") {
  RowState row = live_row();
  row.updated_at = parse_instant("9999-12-31T00:00:00Z");
  CHECK(judge_seen(row, {.updated = 101, .hash = new_content}) == Verdict::confirm);
  CHECK(judge_seen(row, {.source = Source::single, .updated = 101, .hash = new_content, .decisive = true}) ==
        Verdict::update);
}

TEST_CASE("a sighting from before the death brings nothing back") {
  for (const auto by : {DeletedBy::event, DeletedBy::sweep, DeletedBy::cascade}) {
    for (const auto source : every_source) {
      for (const int observed : {1'999, 2'000}) {
        CHECK(
            judge_seen(dead_row(by), {.source = source, .observed = observed, .updated = 5'000, .hash = new_content}) ==
            Verdict::stale);
      }
    }
  }
}

TEST_CASE("a later sighting revives what a sweep or a cascade buried, with equal content too") {
  for (const auto by : {DeletedBy::sweep, DeletedBy::cascade}) {
    CHECK(judge_seen(dead_row(by), {.observed = 2'001}) == Verdict::revive);
    CHECK(judge_seen(dead_row(by), {.observed = 2'001, .updated = 99, .hash = new_content}) == Verdict::revive);
    CHECK(judge_seen(dead_row(by), {.source = Source::single, .observed = 2'001}) == Verdict::revive);
  }
}

TEST_CASE("what was deleted by its own event comes back only by a read") {
  CHECK(judge_seen(dead_row(DeletedBy::event), {.observed = 2'001}) == Verdict::confirm);
  CHECK(judge_seen(dead_row(DeletedBy::event), {.source = Source::single, .observed = 2'001}) == Verdict::confirm);
}

TEST_CASE("a child that is older than its parent's death arrives dead, a younger one is asked for") {
  const Tombstone parent{at(2'000), DeletedBy::sweep};
  const auto child = [](Source source, std::int64_t updated) {
    return Observation{source, at(3'000), at(updated), old_content};
  };
  CHECK(judge_child(parent, child(Source::list, 1'999)) == ChildVerdict::bury);
  CHECK(judge_child(parent, child(Source::single, 2'000)) == ChildVerdict::bury);
  CHECK(judge_child(parent, child(Source::list, 2'001)) == ChildVerdict::confirm);
  CHECK(judge_child(parent, child(Source::single, 2'001)) == ChildVerdict::accept);
}

TEST_CASE("the state after a sighting is that sighting, alive") {
  const auto state = state_after(nullptr, {Source::list, at(7), at(5), new_content}, at(3));
  CHECK(state.is_live());
  CHECK(state.created_at == at(3));
  CHECK(state.updated_at == at(5));
  CHECK(state.observed_at == at(7));
  CHECK(state.hash == new_content);
  CHECK(judge(&state, {Source::list, at(8), at(5), new_content}) == Verdict::unchanged);
}
