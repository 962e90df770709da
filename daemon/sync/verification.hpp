#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "api/directory_api.hpp"
#include "db/mirror_reader.hpp"
#include "sync/comparison_ledger.hpp"
#include "sync/second_look.hpp"
#include "sync/status_board.hpp"
#include "sync/sync_options.hpp"

namespace mirror::sync {

struct VerificationOptions {
  SecondLookOptions second_look = {};
  /// Of each table, differences at first sight that are looked at again: each costs requests, and with more of them
  /// the mirror is not true anyway.
  std::size_t most_suspicions = 2'000;
};

/// Compares the API and the mirror completely, and tells the differences. Reads only, needs no lease, and may work
/// beside a running daemon: what is only changing at the moment is no difference. Memory stays flat but for ids of
/// organizations and suspicions. Used by one thread; the arguments outlive it.
class Verification {
 public:
  Verification(const api::DirectoryApi& api, db::MirrorReader& mirror, const SyncOptions& options, Clock& clock,
               StatusBoard& board, const VerificationOptions& verification = {});

  /// The tables of all enabled streams, in the order of all_tables(). Shows its progress on the board. Throws Error:
  /// misconfigured if the mirror was never filled, or if the key belongs to another environment (rule R15);
  /// unavailable or refused if API or database do not answer; stopped.
  std::vector<TableComparison> run(const std::stop_token& stop);

  /// Looks once more at the drift that `earlier` tells of, after something was done about it. Reads everything again
  /// if there was more than it could name.
  std::vector<TableComparison> run_again(const std::vector<TableComparison>& earlier, const std::stop_token& stop);

 private:
  [[nodiscard]] std::vector<const StreamSpec*> enabled_streams() const;
  void require_comparable(const std::stop_token& stop);
  void compare_stream(const StreamSpec& stream, ComparisonLedger& ledger, const std::stop_token& stop);
  void look_again(ComparisonLedger& ledger, const std::stop_token& stop);

  const api::DirectoryApi& api_;
  db::MirrorReader& mirror_;
  SyncOptions options_;
  Clock& clock_;
  StatusBoard& board_;
  VerificationOptions verification_;
};

}  // namespace mirror::sync
