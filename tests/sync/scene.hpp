#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/harness/mirror_fixture.hpp"
#include "tests/simulator/changes.hpp"
#include "tests/support/manual_clock.hpp"

namespace mirror::tests {

/// Small, but every list has more than one page, that of the largest organization too.
inline simulator::SeedOptions small_directory() {
  return {.organizations = 6, .users = 350, .memberships = 330, .invitations = 120};
}

/// The whole product against the simulator, for tests of what becomes of the mirror when something goes wrong. The API
/// client's clock skips its pauses, and the API's clock moves on between two syncs as it would between two sweeps.
struct Scene {
  ManualClock clock{ManualClock::Waits::are_skipped};
  harness::MirrorFixture mirror;
  simulator::Simulator& workos = mirror.workos;

  explicit Scene(const simulator::SeedOptions& directory = small_directory())
      : Scene(simulator::SimulatorOptions{.directory = directory}) {}
  explicit Scene(simulator::SimulatorOptions options) : mirror(std::move(options)) { mirror.api_clock = &clock; }

  std::vector<sync::StreamResult> sync() {
    pass(std::chrono::seconds{5});
    return mirror.sync();
  }
  /// Lets time pass at the API.
  void pass(std::chrono::microseconds time) {
    workos.with([&](simulator::World& world) { world.clock.advance(time); });
  }

  template <typename Action>
  auto with_store(Action action) {
    return workos.with([&](simulator::World& world) { return action(world.store); });
  }
  void erase(simulator::Kind kind, const std::string& id) {
    with_store([&](simulator::Store& store) { store.erase(kind, id); });
  }

  /// Ids at the API in list order, spoiled objects included.
  [[nodiscard]] std::vector<std::string> listed(simulator::Kind kind) {
    return with_store([&](simulator::Store& store) {
      std::vector<std::string> ids;
      for (const auto& [position, record] : store.table(kind).order()) ids.push_back(record->id);
      return ids;
    });
  }
  [[nodiscard]] std::vector<std::string> members_of(const std::string& organization) {
    return with_store([&](simulator::Store& store) {
      std::vector<std::string> ids;
      for (const auto& [position, record] : store.memberships_of_organization(organization)) ids.push_back(record->id);
      return ids;
    });
  }
  /// The organization with the most members: its list has more than one page.
  [[nodiscard]] std::string largest_organization() {
    std::string largest;
    for (const auto& id : listed(simulator::Kind::organizations)) {
      if (largest.empty() || members_of(id).size() > members_of(largest).size()) largest = id;
    }
    return largest;
  }

  /// Rows that the mirror calls dead, of all tables.
  [[nodiscard]] std::set<std::string> dead() {
    std::set<std::string> ids;
    for (const char* table :
         {"organizations", "organization_domains", "users", "organization_memberships", "invitations"}) {
      const auto rows =
          mirror.database.rows("SELECT id FROM workos." + std::string(table) + " WHERE _deleted_at IS NOT NULL");
      for (const auto& row : rows) ids.insert(row[0]);
    }
    return ids;
  }
  /// Of the dead rows those that exist at the API: there must be none, ever.
  [[nodiscard]] std::vector<std::string> wrongly_dead() {
    std::vector<std::string> wrong;
    const auto gone = dead();
    for (const auto kind : simulator::all_kinds) {
      for (const auto& id : listed(kind)) {
        if (gone.contains(id)) wrong.push_back(id);
      }
    }
    return wrong;
  }
  [[nodiscard]] std::string value(const std::string& sql) { return mirror.database.value(sql); }
  [[nodiscard]] std::int64_t count(const std::string& sql) { return mirror.database.count(sql); }

  [[nodiscard]] bool has_finding(std::string_view code, std::string_view subject) {
    for (const auto& finding : mirror.board().findings()) {
      if (finding.code == code && finding.subject == subject) return true;
    }
    return false;
  }
};

/// Why a stream has no certificate: of an uncertified snapshot or of a failed attempt. Empty for a certified one.
inline std::string why_not(const sync::StreamResult& result) {
  return result.snapshot ? result.snapshot->reason : result.error;
}

}  // namespace mirror::tests
