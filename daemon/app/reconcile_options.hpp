#pragma once

#include <string>
#include <vector>

#include "reconcile/plan_rules.hpp"

namespace mirror::app {

struct Option;

/// Section [reconcile] of the configuration.
struct ReconcileOptions {
  std::string protect_file;  ///< whom no plan touches; empty: none
  reconcile::PlanLimits limits;
};

/// Adds the keys of that section.
void add_reconcile_options(std::vector<Option>& table);

}  // namespace mirror::app
