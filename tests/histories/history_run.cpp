#include "tests/histories/history_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/streams.hpp"
#include "sync/event_replay.hpp"
#include "sync/hold_decision.hpp"
#include "tests/harness/direct_transport.hpp"
#include "tests/harness/wait_until.hpp"

namespace mirror::histories {
namespace {

using harness::SteppedMirror;
using simulator::World;

/// 2026-06-01T00:00:00Z: a history does not depend on the day on which it is run.
constexpr Instant first_day{1'780'272'000'000'000};
constexpr std::int64_t microseconds_per_year = 31'556'952'000'000;

simulator::SimulatorOptions small_directory(const History& history) {
  simulator::SimulatorOptions options;
  options.directory = {.organizations = 4, .users = 12, .memberships = 14, .invitations = 4, .seed = history.seed};
  options.visibility_delay = std::chrono::milliseconds(history.setting.visibility_delay_ms);
  return options;
}

sync::SyncOptions options_of(const History& history, const std::string& environment) {
  sync::SyncOptions options;
  options.environment = environment;
  options.parallel = history.setting.parallel;
  options.smallest_segment = history.setting.page_size;
  options.brake.max_count = options.brake.min_count = history.setting.most_deletions;
  // A crashed process's lease is free at once.
  options.lease_ttl = std::chrono::seconds{0};
  return options;
}

bool spoils_objects(const std::string& fault) {
  const auto kinds = simulator::spoiling_faults();
  return std::ranges::any_of(kinds, [&](const auto& kind) { return kind.name == fault; });
}

}  // namespace

HistoryRun::HistoryRun(harness::TestDatabase& database, std::string environment, const History& history,
                       CrashPlan& crashes, Tally& tally)
    : database_(database),
      environment_(std::move(environment)),
      history_(history),
      crashes_(crashes),
      tally_(tally),
      workos_(small_directory(history)),
      directory_(workos_, history.setting),
      options_(options_of(history, environment_)) {
  workos_.with([](World& world) {
    world.clock.freeze(true);
    world.clock.set(first_day);
  });
  directory_.note_truth();
  clock_.set_wall({first_day.microseconds + history.setting.host_clock_years * microseconds_per_year});
}

HistoryRun::~HistoryRun() {
  crashes_.hesitate(false);
  crashes_.disarm();
  crashes_.begin_anew();
}

void HistoryRun::run() {
  ++tally_.histories;
  crashes_.hesitate(history_.setting.hesitates);
  if (history_.setting.tells_all) {
    for (const auto* stream : all_streams()) sweep(*stream);
    check_step({Action::sweep});
  }
  for (const auto& step : history_.steps) {
    ++tally_.steps;
    perform(step);
  }
  come_to_rest();
  check_rest();
}

void HistoryRun::perform(const Step& step) {
  if (directory_.perform(step)) return directory_.note_deaths();
  if (step.action == Action::arm_crash) {
    const auto& points = fault_points();
    return crashes_.arm(points[step.what % points.size()], step.how % 3);
  }
  if (step.action == Action::api_fault) return arm_fault(step);
  if (step.action == Action::heal) return heal();
  deleted_in_flight_.clear();
  try {
    perform_at_mirror(step);
  } catch (const Error& error) {
    note_error(error);
  }
  in_flight_ = nullptr;
  write_queued();
  bury_crashed();
  directory_.note_deaths();
  check_step(step);
}

void HistoryRun::perform_at_mirror(const Step& step) {
  switch (step.action) {
    case Action::poll:
      return poll(step);
    case Action::webhook:
      return deliver(step);
    case Action::sweep:
      return sweep(*all_streams()[step.what % all_streams().size()]);
    case Action::delete_in_flight:
      return delete_in_flight(step);
    case Action::settle:
      return mirror().settle_doubts();
    case Action::approve:
    case Action::discard:
      return decide(step);
    case Action::retry:
      sync::retry_events(mirror().session(), false, {});
      return;
    case Action::replay:
      sync::replay_events(mirror().session(), first_day, {});
      return;
    case Action::restart:
      mirror_.reset();
      return;
    case Action::crash:
      mirror();
      return crashes_.crash();
    case Action::take_over:
      return take_over();
    case Action::wake_old:
      return wake_old();
    default:
      throw std::logic_error("a step that nobody performs");
  }
}

void HistoryRun::poll(const Step& step) {
  auto& daemon = mirror();
  for (std::uint32_t pages = 0; pages <= step.how % 6; ++pages) {
    if (!daemon.poll()) break;
  }
}

/// Any event of the past, the newest more often; twice, or never, or long after.
void HistoryRun::deliver(const Step& step) {
  const auto events = directory_.events();
  if (events.empty()) return;
  const auto& body = step.how % 3 == 0 ? events.back() : events[step.which % events.size()];
  mirror().deliver(body);
  if (step.how % 5 == 0) mirror().deliver(body);
}

void HistoryRun::sweep(const StreamSpec& stream) {
  const auto result = mirror().attempt(stream);
  if (!result.snapshot) throw Error(result.fault, result.error, result.next_step);
}

/// A page shows an object that the mirror does not know yet; see delete_unknown_of().
void HistoryRun::delete_in_flight(const Step& step) {
  const auto& stream = *all_streams()[step.what % all_streams().size()];
  const auto kind = simulator::find_kind(stream.name).value();
  const auto what =
      static_cast<std::uint32_t>(std::ranges::find(simulator::all_kinds, kind) - simulator::all_kinds.begin());
  directory_.perform({Action::create, what, step.which, step.how});
  // The deletion of an invitation has no event (workos.com/docs/events).
  if (kind != simulator::Kind::invitations) in_flight_ = &stream;
  sweep(stream);
}

/// Deletes, before the mirror writes the page that `answer` is, an object of it that is new to the mirror, and tells so
/// by a webhook.
void HistoryRun::delete_unknown_of(const std::string& answer) {
  const auto page = nlohmann::json::parse(answer, nullptr, false);
  if (page.is_discarded() || !page.contains("data")) return;
  for (const auto& item : page["data"]) {
    // A fault may have spoiled it.
    const bool has_id = item.is_object() && item.contains("id") && item["id"].is_string();
    const auto id = has_id ? item["id"].get<std::string>() : std::string();
    if (id.empty() || before_.rows.contains(id)) continue;
    const auto event = directory_.erase_at_once(*simulator::find_kind(std::exchange(in_flight_, nullptr)->name), id);
    if (event.empty()) return;
    try {
      if (mirror_->deliver(event) == sync::Delivery::applied) deleted_in_flight_ = id;
    } catch (const Error&) {
      if (!crashes_.has_crashed()) throw;
    }
    return;
  }
}

void HistoryRun::decide(const Step& step) {
  const auto holds = open_holds();
  if (holds.empty()) return;
  const int hold = holds[step.which % holds.size()];
  if (step.action == Action::discard) {
    sync::discard_hold(mirror().session(), hold, "a history", {});
    return;
  }
  sync::approve_hold(mirror().session(), hold, "a history", {});
}

void HistoryRun::arm_fault(const Step& step) {
  const auto& names = api_faults();
  const auto& name = names[step.what % names.size()];
  simulator::FaultOrder order{.name = name, .count = static_cast<int>(1 + step.how % 4)};
  const auto table = table_name(simulator::all_kinds[step.which % simulator::all_kinds.size()]);
  const bool needs_table = spoils_objects(name) || name == "created-at-tie";
  if (name == "unknown-event") {
    order.target = "events";
  } else if (needs_table || step.how % 3 == 0) {
    order.target = table;
  } else if (step.how % 3 == 1) {
    order.target = "events";
  }
  if (name == "created-at-tie") {
    order.parameters = {{"size", "3"}, {"every", std::to_string(history_.setting.page_size)}};
  }
  workos_.arm(order);
  api_misbehaves_ = api_misbehaved_ = true;
}

void HistoryRun::heal() {
  workos_.with([&](World& world) {
    for (const auto& fault : world.faults.faults()) tally_.faults[std::string(fault.kind->name)] += fault.fired;
  });
  workos_.clear_faults();
  api_misbehaves_ = false;
}

void HistoryRun::take_over() {
  mirror();
  old_ = std::move(mirror_);
  mirror();
}

/// What it still tries must fail, and write nothing (rule R11).
void HistoryRun::wake_old() {
  if (!old_) return;
  bool wrote = true;
  try {
    old_->poll();
    old_->session().writer.flush({});
  } catch (const Error&) {
    wrote = false;
  }
  if (!wrote && !old_->failure()) {
    // The API failed it, not the database.
    try {
      old_->session().writer.flush({});
      wrote = true;
    } catch (const Error&) {
    }
  }
  if (wrote) throw Violation("a process without the lease wrote");
  old_.reset();
}

SteppedMirror& HistoryRun::mirror() {
  if (mirror_) return *mirror_;
  api::ApiOptions api;
  api.key = Secret(workos_.options().api_key);
  api.max_requests_per_second = 1'000;
  const auto transport = std::make_shared<harness::DirectTransport>(
      workos_, history_.setting.page_size,
      [this](const auto& request, const auto& response) { listen(request, response); });
  const auto start = [&] {
    try {
      mirror_ = std::make_unique<SteppedMirror>(database_.options(), options_,
                                                std::make_shared<api::ApiClient>(api, transport, clock_), clock_);
    } catch (const Error&) {
      throw;
    } catch (const std::runtime_error&) {
      // A statement of the old process still holds the lease's row.
    }
    return mirror_ != nullptr;
  };
  if (!harness::wait_until(start)) throw Violation("the lease of a process that is gone can't be taken");
  return *mirror_;
}

void HistoryRun::note_error(const Error& error) {
  if (crashes_.has_crashed()) return;
  if (api_misbehaves_ && error.fault() != Fault::bug) return;
  throw Violation(fmt::format("an unexpected error: {}", error.what()));
}

/// So that the next check sees all that the step did.
void HistoryRun::write_queued() {
  if (!mirror_ || crashes_.has_crashed()) return;
  try {
    mirror_->session().writer.flush({});
  } catch (const Error& error) {
    note_error(error);
  }
}

/// What the process had in memory is lost; what it had queued is not written.
void HistoryRun::bury_crashed() {
  const bool has_failed = mirror_ && mirror_->failure();
  if (!crashes_.has_crashed()) {
    if (has_failed) throw Violation(fmt::format("the writer failed: {}", mirror_->failure()->what()));
    return;
  }
  if (mirror_) mirror_->abandon();
  mirror_.reset();
  crashes_.begin_anew();
}

std::vector<int> HistoryRun::open_holds() {
  std::vector<int> ids;
  for (const auto& row : database_.rows(
           fmt::format("SELECT id FROM workos.holds WHERE _env = '{}' AND state = 'open' ORDER BY id", environment_))) {
    ids.push_back(std::stoi(row[0]));
  }
  return ids;
}

}  // namespace mirror::histories
