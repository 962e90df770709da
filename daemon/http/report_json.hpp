#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "db/hold_store.hpp"
#include "support/instant.hpp"
#include "sync/status_board.hpp"

namespace mirror::http {

/// Indented, with a line break at the end. An answer must come, whatever bytes found their way into an error message.
std::string to_text(const nlohmann::json& value);

nlohmann::json instant_or_null(const std::optional<Instant>& instant);
nlohmann::json hold_json(const db::HoldRecord& hold);
nlohmann::json finding_json(const sync::Finding& finding);

}  // namespace mirror::http
