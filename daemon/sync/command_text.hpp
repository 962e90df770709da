#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/erasure.hpp"
#include "sync/event_replay.hpp"
#include "sync/hold_decision.hpp"
#include "sync/stream_loop.hpp"

namespace mirror::sync {

// The JSON in which commands and their results travel through the table `commands`. Reading throws Error (bug) for
// text that these functions did not write.

std::string hold_arguments(int id, std::string_view decided_by);
struct HoldArguments {
  int id = 0;
  std::string decided_by;
};
HoldArguments read_hold_arguments(std::string_view text);

std::string to_json(const std::vector<StreamResult>& results);
std::vector<StreamResult> read_stream_results(std::string_view text);

std::string to_json(const HoldOutcome& outcome);
HoldOutcome read_hold_outcome(std::string_view text);

std::string replay_arguments(Instant since);
Instant read_replay_arguments(std::string_view text);
std::string to_json(const ReplayOutcome& outcome);
ReplayOutcome read_replay_outcome(std::string_view text);

std::string erasure_arguments(const db::PersonTraces& found, std::string_view erased_by);
struct ErasureArguments {
  db::PersonTraces found;
  std::string erased_by;
};
ErasureArguments read_erasure_arguments(std::string_view text);
std::string to_json(const db::Erasure& erasure);
db::Erasure read_erasure(std::string_view text);

std::string to_json(const Error& error);
Error read_error(std::string_view text);

}  // namespace mirror::sync
