#pragma once

#include <optional>
#include <string>

#include "reconcile/directory_calls.hpp"

namespace mirror::reconcile {

/// How the API shows what an action is about.
struct Sight {
  enum class Verdict {
    as_expected,  ///< as the plan saw it: the action may be sent
    as_wanted,    ///< as the action would leave it
    otherwise     ///< neither
  };
  Verdict verdict = Verdict::as_expected;
  std::optional<LiveObject> object;
  std::string why;  ///< of `otherwise`; names no value
};

/// Checks the precondition of `action` at the API. `user_id` is the user of a membership that it adds. Throws as
/// DirectoryCalls does.
Sight look_at(const Action& action, const std::string& user_id, const DirectoryCalls& calls);

}  // namespace mirror::reconcile
