#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reconcile/plan.hpp"

namespace mirror::reconcile {

/// A plan as JSON and back. plan_of throws nlohmann's exceptions, or Error (usage), for what is none.
nlohmann::json json_of(const Plan& plan);
Plan plan_of(const nlohmann::json& from);

}  // namespace mirror::reconcile
