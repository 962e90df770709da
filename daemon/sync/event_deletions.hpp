#pragma once

#include <string>
#include <vector>

#include "api/event_page.hpp"
#include "db/change_feed.hpp"
#include "db/mirror_tables.hpp"
#include "sync/brake.hpp"
#include "sync/event_counts.hpp"
#include "sync/verdict.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// A run of deletion events of one table: judges each (rule R3), stops what crosses the brake (rule R8), buries the
/// others with their children (rule R9). Lives within one write transaction, after everything that came before it is
/// written. Not thread-safe.
class EventDeletions {
 public:
  EventDeletions(WriteSession& session, const BrakeOptions& brake, EventCounts& counts)
      : session_(session), brake_(brake), counts_(counts) {}

  /// All of one table. Both must outlive settle().
  void add(const api::EventPage& page, const api::Event& event);
  /// Judges and writes the run, then begins a new one.
  void settle();

 private:
  struct Deletion {
    const api::EventPage* page = nullptr;
    const api::Event* event = nullptr;

    [[nodiscard]] db::Death death() const {
      const Instant at = page->time_of(*event);
      return {event->object_id, at, event->id, at};
    }
  };

  void judge_all();
  void note_late(const Deletion& deletion, DeathVerdict verdict, const RowState* known);
  void apply_brake();
  void bury();
  void entomb() const;
  void raise_doubts() const;

  struct Run {
    const TableSpec* table = nullptr;
    std::vector<Deletion> events;
    std::vector<db::Death> to_bury;
    std::vector<db::Death> to_upgrade;
    std::vector<Deletion> to_entomb;
    std::vector<db::Death> parents;  ///< those whose children die with them
    std::vector<db::Death> others;   ///< of parents that were dead already, or never seen, and are not held
    std::vector<db::LateEntry> late;
    std::vector<db::Doubt> doubts;
  };

  WriteSession& session_;
  const BrakeOptions brake_;
  EventCounts& counts_;
  Run run_;
};

}  // namespace mirror::sync
