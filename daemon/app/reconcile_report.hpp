#pragma once

#include <cstddef>
#include <string>

#include "reconcile/apply.hpp"
#include "reconcile/planning.hpp"

namespace mirror::app {

/// What `reconcile plan` found, for people: counts, then up to `show` lines of each kind, naming people by id only.
std::string plan_text(const reconcile::Planned& planned, std::size_t show);
/// The same for machines: the whole plan, with the values that would change.
std::string plan_json(const reconcile::Planned& planned);

/// What `reconcile apply` did or, with `is_trial`, would do.
std::string apply_text(const reconcile::ApplyReport& report, bool is_trial, std::size_t show);
std::string apply_json(const reconcile::ApplyReport& report, std::size_t unseen);

}  // namespace mirror::app
