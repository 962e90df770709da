#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reconcile/action_look.hpp"
#include "support/backoff.hpp"
#include "support/clock.hpp"

namespace mirror::reconcile {

/// What became of an action.
struct ActionResult {
  std::string state;  ///< done, skipped or conflict, as in the journal
  LiveObject object;  ///< what it made, changed or found
  std::string why;    ///< of a conflict
};

/// Applies one action: looks at the API, and sends what is missing. A create whose answer was lost is looked for before
/// it is sent again. Not thread-safe.
class ActionRun {
 public:
  ActionRun(const DirectoryCalls& calls, Clock& clock, std::stop_token stop)
      : calls_(calls), clock_(clock), stop_(std::move(stop)) {}

  /// `was_tried`: an earlier process may have sent it. `before_sending` is called before each request that changes
  /// something. Throws what `before_sending` throws, and the ApiError or Error that is no answer an action expects.
  ActionResult run(const Action& action, const std::string& user_id, const std::string& idempotency_key, bool was_tried,
                   const std::function<void()>& before_sending) const;

 private:
  /// Empty if it has to be looked at again: the answer was lost, or WorkOS refused it, then `refusal` says why.
  std::optional<LiveObject> send(const Action& action, const std::string& user_id, const std::string& idempotency_key,
                                 Backoff& backoff, std::string& refusal) const;

  const DirectoryCalls& calls_;
  Clock& clock_;
  std::stop_token stop_;
};

}  // namespace mirror::reconcile
