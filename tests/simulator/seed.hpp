#pragma once

#include <cstddef>
#include <cstdint>

#include "support/instant.hpp"

namespace mirror::simulator {

class Store;

/// How large the first directory is, and which one.
struct SeedOptions {
  std::size_t organizations = 20;
  std::size_t users = 1'000;
  std::size_t memberships = 1'250;
  std::size_t memberships_per_organization = 0;  ///< if not 0, instead of `memberships`
  std::size_t invitations = 100;
  std::uint64_t seed = 1;
  /// The directory grew over the two years before this.
  Instant until{1'767'225'600'000'000};  // 2026-01-01T00:00:00Z
};

/// Fills an empty store. The same options give the same directory, to the byte, whatever the time is. Writes no events:
/// that directory is older than the events' retention.
void fill(Store& store, const SeedOptions& options);

}  // namespace mirror::simulator
