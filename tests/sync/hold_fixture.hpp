#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "db/hold_store.hpp"
#include "db/transaction.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/mirror_fixture.hpp"

namespace mirror::harness {

/// A mirror that was filled once, under a brake of the test's choice. The API's clock stands still between the passes
/// and moves by a minute before each, so that one always is later than the other.
class HoldFixture : public MirrorFixture {
 public:
  HoldFixture(simulator::SimulatorOptions directory, sync::BrakeOptions brake) : MirrorFixture(std::move(directory)) {
    options.brake = brake;
    workos.with([](simulator::World& world) { world.clock.freeze(true); });
    if (!all_certified(sync())) throw std::runtime_error("the first load got no certificate");
  }

  std::vector<sync::StreamResult> sync() {
    workos.with([](simulator::World& world) { world.clock.advance(std::chrono::minutes(1)); });
    return MirrorFixture::sync();
  }

  /// Deletes the newest `count` objects at WorkOS; returns their ids.
  std::vector<std::string> erase(simulator::Kind kind, std::size_t count) {
    return workos.with([&](simulator::World& world) {
      std::vector<std::string> ids;
      const auto& order = world.store.table(kind).order();
      for (auto place = order.rbegin(); ids.size() < count; ++place) ids.push_back(place->second->id);
      for (const auto& id : ids) world.store.erase(kind, id);
      return ids;
    });
  }

  sync::HoldOutcome approve(int hold) { return EngineProcess(*this).engine().approve(hold, "tester", never_stopped()); }
  sync::HoldOutcome discard(int hold) { return EngineProcess(*this).engine().discard(hold, "tester", never_stopped()); }

  std::vector<db::HoldRecord> open_holds() {
    auto connection = database.connect();
    db::Transaction transaction(connection);
    return db::HoldStore("default").read_open(transaction);
  }
  /// "state deleted kept decided_by" of a hold.
  std::string fate_of(int hold) {
    return database.value("SELECT concat_ws(' ', state, deleted, kept, decided_by) FROM workos.holds WHERE id = " +
                          std::to_string(hold));
  }
  std::size_t live(const std::string& table) {
    return static_cast<std::size_t>(database.count("SELECT count(*) FROM workos." + table + "_live"));
  }
  bool is_live(const std::string& table, const std::string& id) {
    return database.count("SELECT count(*) FROM workos." + table + "_live WHERE id = '" + id + "'") == 1;
  }
};

}  // namespace mirror::harness
