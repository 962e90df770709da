#pragma once

#include <string>
#include <string_view>

#include "reconcile/plan.hpp"
#include "support/secret.hpp"

namespace mirror::reconcile {

/// A plan whose seal was checked.
struct SealedPlan {
  Plan plan;
  std::string digest;  ///< SHA-256 of its content, hexadecimal: the plan's name in the journal
};

/// The digest of a plan's canonical content: JSON without spaces, members in the order of their names.
std::string digest_of(const Plan& plan);

/// The text of a plan file: the content, its digest, and an HMAC-SHA256 of it under a key that is derived from the API
/// key, so that only who has that key makes a plan.
std::string write_plan_file(const Plan& plan, const Secret& api_key);

/// Throws Error (usage) for a text that is no plan of this version, or was edited, or was made with another key.
SealedPlan read_plan_file(std::string_view text, const Secret& api_key);

}  // namespace mirror::reconcile
