#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <vector>

#include "api/directory_api.hpp"
#include "db/mirror_reader.hpp"
#include "support/clock.hpp"
#include "sync/comparison_ledger.hpp"
#include "sync/object_view.hpp"

namespace mirror::sync {

/// How suspicions are looked at again.
struct SecondLookOptions {
  int looks = 3;
  Clock::Duration pause = std::chrono::seconds{5};  ///< before each look
  int parallel = 8;                                 ///< requests at once; the limiter decides how fast they may be
};

/// Tells differences from changes in flight: each suspicion is read again at the API and in the mirror, several times
/// with a pause before each. It is a difference only if row and object still disagree at the last look, and the row did
/// not change since the look before. Used by one thread.
class SecondLook {
 public:
  SecondLook(const api::DirectoryApi& api, db::MirrorReader& mirror, Clock& clock, SecondLookOptions options)
      : api_(api), mirror_(mirror), clock_(clock), options_(options) {}

  /// Reports to `ledger` what remains of `suspicions`. Throws Error when API or database does not answer.
  void run(std::vector<Suspicion> suspicions, ComparisonLedger& ledger, const std::stop_token& stop);

 private:
  /// What one look found out; neither of both: they agree.
  struct Finding {
    std::optional<Difference> difference;
    bool is_changing = false;
  };

  std::vector<Suspicion> look(const std::vector<Suspicion>& suspicions, bool is_last, ComparisonLedger& ledger,
                              const std::stop_token& stop);
  Finding judge(Suspicion& suspicion, const std::stop_token& stop);
  [[nodiscard]] DifferenceKind kind_of(const ObjectName& object, const ObjectView& view,
                                       const std::optional<RowState>& row);
  [[nodiscard]] std::vector<std::string> members_of(const ObjectName& object, const ObjectView& view);

  const api::DirectoryApi& api_;
  db::MirrorReader& mirror_;
  Clock& clock_;
  const SecondLookOptions options_;
};

}  // namespace mirror::sync
