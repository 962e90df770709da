#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// What a proven walk missed: deleted once a read by its id confirms it, unless the brake holds it (rule R8). Throws
/// Error when it can't go on; what is committed stays. Used by the snapshot's thread, once.
class SnapshotDeletions {
 public:
  SnapshotDeletions(const MirrorSession& session, std::shared_ptr<SnapshotContext> snapshot)
      : session_(session), snapshot_(std::move(snapshot)) {}

  /// Returns how many rows were missed, deleted and held.
  db::SnapshotCounts run(const std::stop_token& stop);

 private:
  struct Candidates {
    const TableSpec* table;
    std::vector<std::string> ids;
  };
  /// How many rows of each table would die, candidates and children together.
  using Deaths = std::map<const TableSpec*, long>;

  [[nodiscard]] std::vector<Candidates> read_candidates(const std::stop_token& stop);
  void leave_to_event_hold(Candidates& candidates, const std::stop_token& stop);
  [[nodiscard]] Deaths count_deaths(const std::vector<Candidates>& all, const std::stop_token& stop);
  [[nodiscard]] std::optional<db::HoldRecord> over_the_limit(const Candidates& candidates, const Deaths& deaths,
                                                             const std::stop_token& stop);
  void hold(const Candidates& candidates, const db::HoldRecord& hold, const std::stop_token& stop);
  void confirm_and_bury(const Candidates& candidates, const std::stop_token& stop);
  void note_drift(const TableSpec& table, const std::vector<std::string>& gone, const std::stop_token& stop);

  const MirrorSession& session_;
  std::shared_ptr<SnapshotContext> snapshot_;
  db::SnapshotCounts outcome_;  ///< candidates, deleted, held
};

}  // namespace mirror::sync
