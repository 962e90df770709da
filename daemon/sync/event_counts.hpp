#pragma once

#include <cstdint>

namespace mirror::sync {

/// What became of events. Sums add up.
struct EventCounts {
  std::uint64_t received = 0;
  std::uint64_t written = 0;  ///< rows that an event inserted, changed or revived
  std::uint64_t unchanged = 0;
  std::uint64_t stale = 0;
  std::uint64_t doubtful = 0;  ///< settled by a read of the object
  std::uint64_t deleted = 0;   ///< rows marked deleted, children included
  std::uint64_t held = 0;      ///< deletions stopped by the brake
  std::uint64_t archived = 0;  ///< of types that tell of no mirrored object
  std::uint64_t parked = 0;    ///< could not be decoded or stored

  EventCounts& operator+=(const EventCounts& other) {
    received += other.received;
    written += other.written;
    unchanged += other.unchanged;
    stale += other.stale;
    doubtful += other.doubtful;
    deleted += other.deleted;
    held += other.held;
    archived += other.archived;
    parked += other.parked;
    return *this;
  }
  [[nodiscard]] bool empty() const { return received == 0; }
};

}  // namespace mirror::sync
