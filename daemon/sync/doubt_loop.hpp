#pragma once

#include <stop_token>

#include "sync/confirmation.hpp"

namespace mirror::sync {

/// Settles the doubts that events left (rules R1, R3, R9) by reads of the objects, oldest first. They are stored with
/// the events' effects, so that a killed process leaves none behind. Runs on a thread of its own.
class DoubtLoop {
 public:
  explicit DoubtLoop(const MirrorSession& session) : session_(session) {}

  void run(const std::stop_token& stop);
  /// Settles some; false if there were none. Throws Error when the API can't answer. For run() and for tests.
  bool settle_some(const std::stop_token& stop);

 private:
  /// Returns the ids of those that were observed since.
  std::vector<std::string> bury_deleted(const TableSpec& table, const std::vector<db::Doubt>& doubts,
                                        Confirmation confirmation, const std::stop_token& stop);
  void hold_back(const TableSpec& table, WriteSession& write, std::vector<db::Death>& deaths) const;

  const MirrorSession& session_;
};

}  // namespace mirror::sync
