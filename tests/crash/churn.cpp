#include "tests/crash/churn.hpp"

namespace mirror::crash {
namespace {

using simulator::Kind;

constexpr std::chrono::milliseconds pause{10};

}  // namespace

Churn::Churn(simulator::Simulator& workos, std::uint64_t seed)
    : workos_(workos),
      random_(seed),
      changes_(workos.with([&](simulator::World& world) { return simulator::Changes(world.store, seed); })) {
  workos_.with([this](simulator::World& world) {
    for (const Kind kind : simulator::all_kinds) sizes_[static_cast<std::size_t>(kind)] = world.store.size(kind);
  });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Churn::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    workos_.with([this](simulator::World& world) { change(world); });
    std::this_thread::sleep_for(pause);
  }
}

void Churn::change(simulator::World& world) {
  changes_.update(Kind::users, 3);
  changes_.update(Kind::organization_memberships, 1);
  if (chance(0.2)) changes_.update(Kind::organizations, 1);
  if (chance(0.2)) changes_.update(Kind::invitations, 1);
  if (chance(0.2)) changes_.sign_in(1);
  grow_or_shrink(world.store, Kind::users);
  grow_or_shrink(world.store, Kind::organization_memberships);
  if (chance(0.2)) grow_or_shrink(world.store, Kind::invitations);
  if (chance(0.02)) grow_or_shrink(world.store, Kind::organizations);
}

void Churn::grow_or_shrink(const simulator::Store& store, Kind kind) {
  if (store.size(kind) < sizes_[static_cast<std::size_t>(kind)]) {
    changes_.create(kind, 1);
  } else {
    changes_.erase(kind, 1);
  }
}

bool Churn::chance(double probability) {
  return std::bernoulli_distribution{probability}(random_);
}

}  // namespace mirror::crash
