#include "sync/command_work.hpp"

#include <array>
#include <utility>

#include "sync/command_text.hpp"
#include "sync/person_erasure.hpp"

namespace mirror::sync {
namespace {

std::string approve(LeasePeriod& period, const std::string& text) {
  const auto arguments = read_hold_arguments(text);
  return to_json(approve_hold(period.session(), arguments.id, arguments.decided_by, period.stop_token()));
}

std::string discard(LeasePeriod& period, const std::string& text) {
  const auto arguments = read_hold_arguments(text);
  return to_json(discard_hold(period.session(), arguments.id, arguments.decided_by, period.stop_token()));
}

std::string retry(LeasePeriod& period, const std::string&) {
  return to_json(retry_events(period.session(), false, period.stop_token()));
}

std::string replay(LeasePeriod& period, const std::string& text) {
  return to_json(replay_events(period.session(), read_replay_arguments(text), period.stop_token()));
}

std::string restart_tail(LeasePeriod& period, const std::string&) {
  period.tail().restart(period.stop_token());
  return to_json(ReplayOutcome{});
}

std::string erase(LeasePeriod& period, const std::string& text) {
  const auto arguments = read_erasure_arguments(text);
  return to_json(erase_person(period.session(), arguments.found, arguments.erased_by, period.stop_token()));
}

constexpr std::array<std::pair<std::string_view, CommandWork>, 6> works{{
    {"approve", approve},
    {"discard", discard},
    {"retry", retry},
    {"replay", replay},
    {"restart_tail", restart_tail},
    {"erase", erase},
}};

}  // namespace

CommandWork find_command_work(std::string_view kind) noexcept {
  for (const auto& [name, work] : works) {
    if (name == kind) return work;
  }
  return nullptr;
}

}  // namespace mirror::sync
