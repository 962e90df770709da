#pragma once

#include <map>
#include <string>

#include "support/exit_code.hpp"
#include "sync/status_board.hpp"

namespace mirror::app {

using StreamResults = std::map<std::string, sync::StreamProgress, std::less<>>;

/// How a pass ended: done if every stream got its certificate and nothing is held or parked, else not_all_well.
ExitCode judge_pass(const StreamResults& results);

/// A line per stream: rows, inserted, changed, unchanged, deleted, held, certificate.
std::string pass_table(const StreamResults& results);
std::string pass_json(const StreamResults& results);

}  // namespace mirror::app
