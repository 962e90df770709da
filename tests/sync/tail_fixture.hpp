#pragma once

#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/harness/stepped_mirror.hpp"
#include "tests/simulator/changes.hpp"

namespace mirror::harness {

/// A directory that changes while the API's clock stands still but for the steps of a test, and what tests of the event
/// path ask of the mirror.
struct TailFixture : MirrorFixture {
  explicit TailFixture(simulator::SimulatorOptions directory =
                           {.directory = {.organizations = 5, .users = 40, .memberships = 60, .invitations = 20}})
      : MirrorFixture(std::move(directory)) {
    workos.with([](simulator::World& world) { world.clock.freeze(true); });
  }

  void advance(std::chrono::seconds duration) {
    workos.with([&](simulator::World& world) { world.clock.advance(duration); });
  }
  /// Two seconds later.
  template <typename Action>
  auto change(Action action) {
    return workos.with([&](simulator::World& world) {
      world.clock.advance(std::chrono::seconds{2});
      return action(world.store);
    });
  }
  /// Changes that all have events.
  void change_some(std::uint64_t seed) {
    change([&](simulator::Store& store) {
      simulator::Changes changes(store, seed);
      for (const auto kind : simulator::all_kinds) {
        changes.create(kind, 3);
        changes.update(kind, 5);
        if (kind != simulator::Kind::invitations) changes.erase(kind, 1);  // WorkOS has no such event
      }
    });
  }
  void rename(const std::string& user, const std::string& name) {
    change([&](simulator::Store& store) {
      store.update(simulator::Kind::users, user, simulator::Json{{"first_name", name}});
    });
  }

  /// What differs, but for the name of the organization, which memberships lack in events.
  std::vector<std::string> differences_events_tell() {
    database.execute(
        "UPDATE workos.organization_memberships AS m SET organization_name = o.name, _raw = m._raw || "
        "jsonb_build_object('organization_name', o.name) FROM workos.organizations AS o "
        "WHERE m.organization_id = o.id AND m._deleted_at IS NULL");
    return differences();
  }

  /// The oldest objects.
  std::vector<std::string> some(simulator::Kind kind, std::size_t count) {
    return workos.with([&](simulator::World& world) {
      std::vector<std::string> ids;
      for (const auto& [position, record] : world.store.table(kind).order()) {
        if (ids.size() < count) ids.push_back(record->id);
      }
      return ids;
    });
  }
  std::string any(simulator::Kind kind) { return some(kind, 1).at(0); }

  std::size_t events_told() {
    return workos.with([](simulator::World& world) { return world.store.events().size(); });
  }
  /// Texts of the events from number `first` on, as a webhook would bring them.
  std::vector<std::string> event_texts(std::size_t first = 0) {
    return workos.with([&](simulator::World& world) {
      std::vector<std::string> texts;
      const auto& log = world.store.events();
      for (std::size_t i = first; i < log.size(); ++i) texts.push_back(log.at(i).text);
      return texts;
    });
  }
  std::string newest_event_id() {
    return workos.with(
        [](simulator::World& world) { return world.store.events().at(world.store.events().size() - 1).id; });
  }

  std::string value(const std::string& sql) { return database.value(sql); }
  std::int64_t count(const std::string& sql) { return database.count(sql); }
  std::string cursor() { return value("SELECT COALESCE(cursor, '') FROM workos.event_tails"); }
  std::string first_name(const std::string& user) {
    return value("SELECT first_name FROM workos.users WHERE id = '" + user + "'");
  }
  bool is_live(const std::string& table, const std::string& id) {
    return count("SELECT count(*) FROM workos." + table + "_live WHERE id = '" + id + "'") == 1;
  }
};

/// What `queue` queues reaches the writer of `daemon` at once, as one batch. `queue` may not wait for the writer.
template <typename Action>
void in_one_batch(SteppedMirror& daemon, Action queue) {
  std::promise<void> reached;
  std::promise<void> go_on;
  auto holder = std::async(std::launch::async, [&] {
    daemon.session().writer.run(
        [&](sync::WriteSession&) {
          reached.set_value();
          go_on.get_future().wait();
        },
        {});
  });
  reached.get_future().wait();
  queue();
  go_on.set_value();
  holder.get();
  daemon.session().writer.flush({});
}

}  // namespace mirror::harness
