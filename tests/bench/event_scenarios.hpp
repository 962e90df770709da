#pragma once

#include <cstddef>

#include "tests/bench/results.hpp"

namespace mirror::bench {

struct EventSizes {
  std::size_t users = 20'000;       ///< of the directory behind all three
  std::size_t backlog = 100'000;    ///< events that the tail finds
  std::size_t senders = 32;         ///< connections that deliver webhooks side by side
  std::size_t deliveries = 30'000;  ///< webhooks
  std::size_t alone = 500;          ///< webhooks one at a time
  std::size_t changes = 200;        ///< followed from the change to the row
  int rounds = 3;
};

/// A backlog of events, from the daemon's start until the cursor is behind the last one.
void measure_tail(Results& results, const EventSizes& sizes);
/// Webhooks, from the request to the answer that says that they are committed.
void measure_webhooks(Results& results, const EventSizes& sizes);
/// Single changes, from the directory to the committed row, by the tail alone.
void measure_change_to_row(Results& results, const EventSizes& sizes);

}  // namespace mirror::bench
