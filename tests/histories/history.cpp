#include "tests/histories/history.hpp"

#include <fmt/format.h>

#include <array>

#include "tests/simulator/random.hpp"

namespace mirror::histories {
namespace {

struct ActionSpec {
  Action action;
  std::string_view name;
  int weight;  ///< how often, compared with the others
};

constexpr std::array actions{
    ActionSpec{Action::create, "create", 10},
    ActionSpec{Action::update, "update", 12},
    ActionSpec{Action::change_domains, "change-domains", 4},
    ActionSpec{Action::erase, "erase", 9},
    ActionSpec{Action::erase_without_child_events, "erase-without-child-events", 3},
    ActionSpec{Action::rejoin, "rejoin", 3},
    ActionSpec{Action::recreate, "recreate", 4},
    ActionSpec{Action::sign_in, "sign-in", 2},
    ActionSpec{Action::pass, "pass", 4},
    ActionSpec{Action::jump, "jump", 1},
    ActionSpec{Action::step_back, "step-back", 1},
    ActionSpec{Action::poll, "poll", 14},
    ActionSpec{Action::webhook, "webhook", 12},
    ActionSpec{Action::sweep, "sweep", 8},
    ActionSpec{Action::delete_in_flight, "delete-in-flight", 3},
    ActionSpec{Action::settle, "settle", 4},
    ActionSpec{Action::approve, "approve", 2},
    ActionSpec{Action::discard, "discard", 1},
    ActionSpec{Action::retry, "retry", 1},
    ActionSpec{Action::replay, "replay", 1},
    ActionSpec{Action::restart, "restart", 1},
    ActionSpec{Action::crash, "crash", 1},
    ActionSpec{Action::arm_crash, "arm-crash", 3},
    ActionSpec{Action::take_over, "take-over", 1},
    ActionSpec{Action::wake_old, "wake-old", 1},
    ActionSpec{Action::api_fault, "api-fault", 4},
    ActionSpec{Action::heal, "heal", 2},
};

constexpr std::uint32_t streams = 4;
constexpr std::size_t fewest_steps = 20;
constexpr std::size_t more_steps = 40;

Action any_action(simulator::Random& random) {
  std::uint64_t sum = 0;
  for (const auto& spec : actions) sum += static_cast<std::uint64_t>(spec.weight);
  auto left = random.below(sum);
  for (const auto& spec : actions) {
    if (left < static_cast<std::uint64_t>(spec.weight)) return spec.action;
    left -= static_cast<std::uint64_t>(spec.weight);
  }
  return Action::pass;
}

/// What events do not tell, or what lets them be missed.
bool is_untold(Action action) {
  return action == Action::sign_in || action == Action::jump || action == Action::step_back ||
         action == Action::discard || action == Action::api_fault;
}

std::uint32_t any_number(simulator::Random& random) {
  return static_cast<std::uint32_t>(random.below(1'000'000));
}

}  // namespace

History make_history(std::uint64_t seed) {
  simulator::Random random(seed);
  History history;
  history.seed = seed;
  auto& setting = history.setting;
  setting.page_size = 2 + random.below(6);
  setting.visibility_delay_ms = random.chance(0.5) ? 0 : random.between(500, 8'000);
  setting.tells_all = random.chance(0.5);
  if (!setting.tells_all && random.chance(0.7)) setting.most_deletions = random.between(1, 4);
  setting.host_clock_years = static_cast<int>(random.between(-30, 31));
  if (!setting.tells_all && random.chance(0.5)) {
    for (std::uint32_t stream = 0; stream < streams; ++stream) history.steps.push_back({Action::sweep, stream, 0, 0});
  }
  setting.parallel = random.chance(0.5) ? 1 : 4;
  const auto steps = fewest_steps + random.below(more_steps);
  for (std::size_t i = 0; i < steps; ++i) {
    const auto action = any_action(random);
    if (setting.tells_all && is_untold(action)) continue;
    history.steps.push_back({action, any_number(random), any_number(random), any_number(random)});
  }
  setting.hesitates = random.chance(0.1);
  return history;
}

std::string to_string(const History& history) {
  const auto& setting = history.setting;
  auto text = fmt::format(
      "seed {}: pages of {}, {} walks side by side, events visible after {} ms, at most {} deletions, host {} years "
      "off{}{}\n",
      history.seed, setting.page_size, setting.parallel, setting.visibility_delay_ms, setting.most_deletions,
      setting.host_clock_years, setting.tells_all ? ", all is told" : "",
      setting.hesitates ? ", threads hesitate" : "");
  for (const auto& step : history.steps) {
    text += fmt::format("  {} {} {} {}\n", name_of(step.action), step.what, step.which, step.how);
  }
  return text;
}

std::string_view name_of(Action action) {
  for (const auto& spec : actions) {
    if (spec.action == action) return spec.name;
  }
  return "unknown";
}

bool loses_event(const Step& step) {
  return step.how % 12 == 0;
}

bool delays_event(const Step& step) {
  return step.how % 12 == 1;
}

bool is_tie(const Step& step) {
  return step.how / 12 % 3 == 0;
}

const std::vector<std::string>& fault_points() {
  static const std::vector<std::string> points{
      "writer.after_begin",   "writer.before_commit",      "writer.after_commit", "tail.before_push",
      "tail.before_note",     "doubts.before_settle",      "snapshot.after_walk", "snapshot.before_finish",
      "snapshot.before_bury", "confirmation.before_write", "snapshot.after_hold", "approval.before_decision"};
  return points;
}

const std::vector<std::string>& api_faults() {
  static const std::vector<std::string> faults{"429-seconds",
                                               "429-date",
                                               "429-bare",
                                               "429-absurd",
                                               "5xx-storm",
                                               "html-502",
                                               "reset-mid-body",
                                               "truncated-json",
                                               "invalid-json",
                                               "wrong-content-type",
                                               "redirect-away",
                                               "401-midway",
                                               "403-one-list",
                                               "repeated-cursor",
                                               "ignored-cursor",
                                               "refused-cursor",
                                               "empty-list",
                                               "short-list",
                                               "empty-after-deleted-cursor",
                                               "created-at-tie",
                                               "duplicate-across-pages",
                                               "unknown-event",
                                               "unknown-field",
                                               "unknown-status",
                                               "null-text",
                                               "nul",
                                               "lone-surrogate",
                                               "missing-id",
                                               "wrong-type-item",
                                               "bad-timestamp",
                                               "huge-number",
                                               "clock-skew"};
  return faults;
}

}  // namespace mirror::histories
