#include "tests/histories/directory_steps.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "model/streams.hpp"
#include "tests/simulator/changes.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::histories {
namespace {

using simulator::Json;
using simulator::Kind;
using simulator::Record;
using simulator::Store;
using simulator::World;
using std::chrono::milliseconds;

/// An empty list proves nothing (rule R7), so that these lists never run empty.
constexpr std::size_t fewest_objects = 2;
constexpr milliseconds extra_delay{30'000};

/// With an event that neither is lost nor comes late. The deletion of an invitation has none (workos.com/docs/events).
Step told(Step step) {
  if (loses_event(step) || delays_event(step)) step.how += 2;
  const bool erases = step.action == Action::erase || step.action == Action::erase_without_child_events;
  if (erases && simulator::all_kinds[step.what % simulator::all_kinds.size()] == Kind::invitations) ++step.what;
  return step;
}

Kind kind_of(const Step& step) {
  return simulator::all_kinds[step.what % simulator::all_kinds.size()];
}

/// Null if there is none.
const Record* pick(const Store& store, Kind kind, std::uint32_t which) {
  const auto& order = store.table(kind).order();
  if (order.empty()) return nullptr;
  return std::next(order.begin(), static_cast<std::ptrdiff_t>(which % order.size()))->second;
}

bool is_member(const Store& store, const std::string& user, const std::string& organization) {
  for (const auto& [position, membership] : store.memberships_of_user(user)) {
    if (membership->facts->organization_id == organization) return true;
  }
  return false;
}

}  // namespace

DirectorySteps::DirectorySteps(simulator::Simulator& workos, const Setting& setting)
    : workos_(workos), setting_(setting), alive_before_(alive()) {}

bool DirectorySteps::perform(const Step& asked) {
  const Step step = setting_.tells_all ? told(asked) : asked;
  switch (step.action) {
    case Action::create:
    case Action::update:
    case Action::change_domains:
    case Action::erase:
    case Action::erase_without_child_events:
    case Action::rejoin:
    case Action::recreate:
    case Action::sign_in:
      if (!is_tie(step)) pass(milliseconds{1 + step.how / 36 % 3'000});
      workos_.with([&](World& world) {
        const milliseconds usual{setting_.visibility_delay_ms};
        world.store.events().set_visibility_delay(delays_event(step) ? usual + extra_delay : usual);
        change(step, world.store);
        world.store.events().set_visibility_delay(usual);
      });
      note_truth();
      return true;
    case Action::pass:
      pass(milliseconds{step.which % 60'000});
      return true;
    case Action::jump:
      has_jumped_ = true;
      pass(std::chrono::hours{1 + step.which % 240});
      return true;
    case Action::step_back:
      has_stepped_back_ = true;
      pass(-milliseconds{step.which % 20'000});
      return true;
    default:
      return false;
  }
}

void DirectorySteps::change(const Step& step, Store& store) {
  simulator::Changes changes(store, step.which);
  const bool event = !loses_event(step);
  switch (step.action) {
    case Action::create:
      changes.create(kind_of(step), 1, event);
      return;
    case Action::update:
      changes.update(kind_of(step), 1, event);
      return;
    case Action::change_domains:
      return change_domains(step, store);
    case Action::erase:
      return erase(step, store, true);
    case Action::erase_without_child_events:
      return erase(step, store, false);
    case Action::rejoin:
      return rejoin(step, store);
    case Action::recreate:
      return recreate(step, store);
    default:
      changes.sign_in(1);
  }
}

/// One more domain, or one less.
void DirectorySteps::change_domains(const Step& step, Store& store) {
  const Record* organization = pick(store, Kind::organizations, step.which);
  if (organization == nullptr) return;
  const std::string id = organization->id;
  Json domains = store.object(Kind::organizations, id).value("domains", Json::array());
  if (step.what % 2 == 0 && !domains.empty()) {
    domains.erase(domains.size() - 1);
  } else {
    const Json name{{"domain", fmt::format("d{}.example", step.how)}};
    domains.push_back(simulator::new_domain(id, name, store.now(), store.ids()));
  }
  store.update(Kind::organizations, id, {{"domains", domains}}, {.event = !loses_event(step)});
}

void DirectorySteps::erase(const Step& step, Store& store, bool with_child_events) {
  const Kind kind = kind_of(step);
  const Record* victim = pick(store, kind, step.which);
  if (victim == nullptr || (kind != Kind::organization_memberships && store.size(kind) <= fewest_objects)) return;
  const std::string id = victim->id;
  note_gone(*victim, kind);
  if (!with_child_events && (kind == Kind::users || kind == Kind::organizations)) {
    const auto members = kind == Kind::users ? store.memberships_of_user(id) : store.memberships_of_organization(id);
    for (const auto& [position, membership] : members) {
      store.erase(Kind::organization_memberships, std::string(membership->id), {.event = false});
    }
  }
  store.erase(kind, id, {.event = !loses_event(step)});
}

void DirectorySteps::note_gone(const Record& victim, Kind kind) {
  gone_.push_back(
      {kind, victim.id, victim.facts ? victim.facts->user_id : "", victim.facts ? victim.facts->organization_id : ""});
}

std::string DirectorySteps::erase_at_once(Kind kind, const std::string& id) {
  note_deaths();  // it may have been created in this very step
  auto event = workos_.with([&](World& world) -> std::string {
    auto& store = world.store;
    const Record* victim = store.find(kind, id);
    if (victim == nullptr || (kind != Kind::organization_memberships && store.size(kind) <= fewest_objects)) return "";
    note_gone(*victim, kind);
    store.erase(kind, id);
    const auto& log = store.events();
    for (std::size_t i = log.size(); i > 0; --i) {
      if (Json::parse(log.at(i - 1).text).at("data").value("id", "") == id) return log.at(i - 1).text;
    }
    return "";
  });
  note_truth();
  return event;
}

void DirectorySteps::note_truth() {
  auto& truth = truths_[workos_.with([](World& world) { return world.clock.now(); })];
  for (const auto* table : all_tables()) truth[std::string(table->name)] = workos_.truth(table->name);
}

const std::map<std::string, std::vector<std::string>>& DirectorySteps::truth_at(Instant moment) const {
  return std::prev(truths_.upper_bound(moment))->second;
}

std::vector<Instant> DirectorySteps::instants() const {
  std::vector<Instant> all;
  for (const auto& [instant, truth] : truths_) all.push_back(instant);
  return all;
}

void DirectorySteps::rejoin(const Step& step, Store& store) {
  const Record* membership = pick(store, Kind::organization_memberships, step.which);
  if (membership == nullptr) return;
  const Json pair{{"user_id", membership->facts->user_id}, {"organization_id", membership->facts->organization_id}};
  store.erase(Kind::organization_memberships, std::string(membership->id), {.event = !loses_event(step)});
  store.create(Kind::organization_memberships, pair);
}

void DirectorySteps::recreate(const Step& step, Store& store) {
  if (gone_.empty()) return;
  const Gone gone = gone_[step.which % gone_.size()];
  if (store.find(gone.kind, gone.id) != nullptr) return;
  // Children that died silently with its first life are left to sweeps if the second life is told first.
  const bool is_parent = gone.kind == Kind::users || gone.kind == Kind::organizations;
  if (setting_.tells_all && is_parent) return;
  Json fields{{"id", gone.id}};
  if (gone.kind == Kind::users || gone.kind == Kind::invitations) fields["email"] = gone.id + "@people.example";
  if (gone.kind == Kind::organizations) fields["name"] = "Again " + gone.id;
  if (gone.kind == Kind::organization_memberships) {
    const bool fits = store.find(Kind::users, gone.user_id) != nullptr &&
                      store.find(Kind::organizations, gone.organization_id) != nullptr &&
                      !is_member(store, gone.user_id, gone.organization_id);
    if (!fits) return;
    fields["user_id"] = gone.user_id;
    fields["organization_id"] = gone.organization_id;
  }
  store.create(gone.kind, fields, {.event = !loses_event(step)});
}

std::set<std::string> DirectorySteps::alive() {
  return workos_.with([](World& world) {
    std::set<std::string> ids;
    for (const auto kind : simulator::all_kinds) {
      for (const auto& [position, record] : world.store.table(kind).order()) {
        ids.insert(record->id);
        if (kind != Kind::organizations) continue;
        for (const auto& domain : Json::parse(record->text).value("domains", Json::array())) ids.insert(domain["id"]);
      }
    }
    return ids;
  });
}

void DirectorySteps::note_deaths() {
  auto now = alive();
  for (const auto& id : alive_before_) {
    if (!now.contains(id)) deleted_once_.insert(id);
  }
  alive_before_ = std::move(now);
}

std::vector<std::string> DirectorySteps::events() {
  return workos_.with([](World& world) {
    const auto& log = world.store.events();
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i < log.size(); ++i) bodies.push_back(log.at(i).text);
    return bodies;
  });
}

void DirectorySteps::pass(milliseconds time) {
  workos_.with([&](World& world) { world.clock.advance(time); });
}

}  // namespace mirror::histories
