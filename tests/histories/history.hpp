#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::histories {

/// What may happen in a history. The numbers of a Step say to whom and how.
enum class Action {
  // at WorkOS
  create,
  update,
  change_domains,
  erase,
  erase_without_child_events,
  rejoin,    ///< a membership ends and begins anew in one tick
  recreate,  ///< a deleted id comes back
  sign_in,
  // time
  pass,
  jump,
  step_back,
  // the mirror
  poll,
  webhook,
  sweep,
  delete_in_flight,  ///< what a sweep has just read is deleted, and that is told, before the page is written
  settle,
  approve,
  discard,
  retry,
  replay,
  restart,
  crash,
  arm_crash,  ///< a crash at a fault point that a later step reaches
  take_over,  ///< a standby takes the lease from a process that does not know
  wake_old,   ///< and that one goes on
  // the API
  api_fault,
  heal
};

/// One step, as plain numbers: any numbers make sense at any time, so that a history stays one when steps are left out.
struct Step {
  Action action = Action::pass;
  std::uint32_t what = 0;   ///< the kind of thing: table, fault point, fault
  std::uint32_t which = 0;  ///< which of them, modulo how many there are
  std::uint32_t how = 0;    ///< circumstances
};

/// What holds for a whole history.
struct Setting {
  std::size_t page_size = 5;
  int parallel = 1;  ///< walks side by side
  std::int64_t visibility_delay_ms = 0;
  long most_deletions = 1'000;  ///< the brake's limit per table
  int host_clock_years = 0;     ///< by which the daemon's host is wrong
  /// Every change has an event that arrives, and the API behaves: events alone must make the mirror equal.
  bool tells_all = false;
  /// Threads stay at fault points for a while, as they do on a busy machine.
  bool hesitates = false;
};

struct History {
  std::uint64_t seed = 0;
  Setting setting;
  std::vector<Step> steps;
};

/// The same seed gives the same history.
History make_history(std::uint64_t seed);

/// A line for the setting and one for each step.
std::string to_string(const History& history);
std::string_view name_of(Action action);

/// What the event of a change goes through.
bool loses_event(const Step& step);
bool delays_event(const Step& step);
/// The change happens in the same tick of the API's clock as the one before.
bool is_tie(const Step& step);

/// Where crashes may happen, and which faults of the simulator a history may hold.
const std::vector<std::string>& fault_points();
const std::vector<std::string>& api_faults();

}  // namespace mirror::histories
