#pragma once

#include <string>

#include "reconcile/plan_rules.hpp"

namespace mirror::app {

/// Reads a value of --limit, "KIND=NUMBER", "KIND=PERCENT%" or "KIND=NUMBER,PERCENT%", into `limits`; a part that is
/// not given keeps its value. Throws Error (usage).
void read_limit(const std::string& text, reconcile::PlanLimits& limits);

}  // namespace mirror::app
