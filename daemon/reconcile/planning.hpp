#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "db/connection.hpp"
#include "db/directory_reader.hpp"
#include "reconcile/desired_list.hpp"
#include "reconcile/plan_rules.hpp"
#include "support/error.hpp"

namespace mirror::reconcile {

/// The mirror is not fresh enough to plan from: it says since when, and why. `try_later` is its exit code.
class StaleMirror : public Error {
 public:
  using Error::Error;
};

/// What a plan is asked for.
struct PlanRequest {
  std::string environment;
  std::string only_organization;  ///< an id; empty: all that the list names
  std::chrono::seconds max_age{300};
  std::chrono::seconds valid_for{3600};
  PlanRules rules = {};
};

/// A plan and what the list was like.
struct Planned {
  Plan plan;
  std::size_t people = 0;
  std::size_t repeated_rows = 0;
  std::size_t unrelated_rows = 0;
  std::vector<std::string> unmatched_protection;  ///< where the entries are that protect nobody
};

/// Throws StaleMirror unless plans may be made from a mirror in that position.
void require_fresh(const db::MirrorPosition& position, std::chrono::seconds max_age);

/// Reads the mirror in one snapshot and plans. Throws StaleMirror; Error (usage) that lists what is wrong with
/// `source`; Error as Transaction does. `what` is what messages call the source.
Planned make_plan(db::Connection& connection, const SourceRows& source, const std::string& what, ProblemList problems,
                  const PlanRequest& request);

}  // namespace mirror::reconcile
