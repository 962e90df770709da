#pragma once

#include <deque>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/change_feed.hpp"
#include "db/erased_ids.hpp"
#include "db/mirror_tables.hpp"
#include "sync/event_counts.hpp"
#include "sync/verdict.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// How TableMerge learns what the mirror holds of an object that a list shows.
enum class Lookup {
  /// From the rows of the page's range, which are read in any case. What is not among them is new; were it stored all
  /// the same (a tombstone without a time of creation, another parent's child), the primary key would refuse the
  /// batch, and it would be merged once more, by id.
  by_range,
  by_id,  ///< what is not among them is asked for
};

/// One object of a batch, seen at the API.
struct Sighting {
  const RowBatch* batch = nullptr;
  std::size_t row = 0;
  Source source = Source::list;
  Instant observed_at;
  SnapshotContext* snapshot = nullptr;   ///< may be null
  db::SnapshotCounts* counts = nullptr;  ///< where the verdict is counted; null: nowhere
  std::string_view event_id = {};        ///< if it was seen in an event
  /// Where the verdict of the event that tells of the object is counted; null: no event does, or one embeds it.
  EventCounts* event_counts = nullptr;
  /// Of a read by id: what the mirror held when it began; null for other sources.
  const std::optional<RowState>* asked_about = nullptr;
  bool is_in_range = false;           ///< of the page, whose rows are read in any case
  bool is_counted_elsewhere = false;  ///< the page of another walk shows the same object, and counts it

  [[nodiscard]] std::string_view id() const { return batch->id(row); }
  [[nodiscard]] bool is_told() const { return event_counts != nullptr; }
  /// Given what the mirror holds now; null: nothing.
  [[nodiscard]] Observation observation(const RowState* known) const {
    const bool decisive = asked_about != nullptr && known != nullptr && *asked_about == *known;
    return {source, observed_at, batch->updated_at(row), batch->hash(row), event_id, decisive};
  }
};

/// Merges the sightings of one table in a batch: judges each in order against what the mirror holds and what came
/// before it in the batch, then writes only the outcome of each row, while the change feed gets every version
/// (rule R16), those that came too late as well. Lives within one write transaction; not thread-safe.
class TableMerge {
 public:
  TableMerge(WriteSession& session, const TableSpec& table, Lookup lookup);

  void see(const Sighting& sighting) { sightings_.push_back(sighting); }
  /// Known states; filled by whoever reads ranges, completed by merge().
  RowStates& states() { return states_; }

  /// Judges and writes. Returns whether anything was written.
  bool merge();

 private:
  using DeadParents = std::unordered_map<std::string, Tombstone, IdHash, std::equal_to<>>;
  /// What is left to do for a row.
  enum class Way { nothing, insert, update };
  /// A row that the batch writes, and what the mirror holds of it then.
  struct Outcome {
    db::RowWrite write;
    RowState state;
    Way way = Way::nothing;
  };

  void read_known();
  void read_dead_parents();
  Way begin_to_write(const db::RowWrite& write, Verdict verdict);
  [[nodiscard]] const Outcome* outcome(std::string_view id) const;
  [[nodiscard]] const RowState* known(std::string_view id) const;
  [[nodiscard]] const Tombstone* dead_parent(const Sighting& sighting) const;
  void apply(const Sighting& seen);
  [[nodiscard]] Sighting completed(const Sighting& sighting);
  void doubt(const Sighting& sighting);
  void note_drift(const Sighting& sighting, Verdict verdict);
  void count(const Sighting& sighting, Verdict verdict) const;
  [[nodiscard]] Sighting without_mentions(const Sighting& seen);
  void keep(const Sighting& seen, const RowState* before, Verdict verdict, std::optional<Tombstone> tombstone);
  void feed(const Sighting& sighting, Verdict verdict, const std::optional<Tombstone>& tombstone);
  void note_late(const Sighting& sighting, const RowState* known);
  bool write();

  WriteSession& session_;
  const db::RowStore& rows_;
  const Lookup lookup_;
  std::vector<Sighting> sightings_;
  RowStates states_;
  db::RawTexts contents_;           ///< `_raw` of what events changed
  std::deque<RowBatch> completed_;  ///< and those that mention nobody erased any more
  std::vector<db::Doubt> doubts_;
  std::map<std::pair<SnapshotContext*, std::string_view>, db::DriftCount> drift_;
  std::vector<DeadParents> dead_parents_;  ///< in the order of TableSpec::parents
  std::vector<Outcome> outcomes_;          ///< in the order in which their objects came first
  /// Of what outcome_of_ holds: PostgreSQL waits while a batch is judged, and an allocation per row takes a while.
  std::pmr::monotonic_buffer_resource arena_;
  std::pmr::unordered_map<std::string_view, std::size_t> outcome_of_{&arena_};  ///< index in outcomes_, by id
  std::unique_ptr<db::RowInsertion> insertion_;  ///< of new rows that live; begun with the first
  std::vector<db::FeedEntry> feed_;
  std::vector<db::LateEntry> late_;  ///< versions that did not become a row's content
};

}  // namespace mirror::sync
