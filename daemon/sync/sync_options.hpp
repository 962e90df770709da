#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace mirror::sync {

/// Rule R8: when a set of deletions stops and waits for a person.
struct BrakeOptions {
  long max_count = 500;               ///< more than this is always held
  long min_count = 20;                ///< up to this is never held by percentage
  double max_percent = 5;             ///< of the live rows
  std::chrono::seconds window{3600};  ///< for deletions by event, in source time
};

struct StreamOptions {
  bool enabled = true;
  std::chrono::seconds sweep_interval{std::chrono::hours{1}};
  double sweep_jitter = 0.1;  ///< fraction of the interval by which a sweep may come earlier or later
};

/// How events are followed and kept.
struct EventOptions {
  std::chrono::milliseconds poll_interval{1'000};               ///< while there is something to follow
  std::chrono::milliseconds idle_interval{2'000};               ///< when nothing happens
  std::chrono::seconds retention{std::chrono::hours{90 * 24}};  ///< how long WorkOS keeps events
  std::chrono::seconds archive{std::chrono::hours{90 * 24}};    ///< how long the table events keeps them
  std::vector<std::string> also;                                ///< event types to archive besides the mirrored ones
};

/// What the engine needs to know; filled from the sections [sync], [streams.*], [events], [brake], [lease] and
/// [health].
struct SyncOptions {
  std::string environment = "default";
  int parallel = 0;                                           ///< concurrent list walks; 0: chosen by the daemon
  std::size_t smallest_segment = 500;                         ///< rows of a list that are worth a walk of their own
  std::map<std::string, StreamOptions, std::less<>> streams;  ///< by stream name; defaults where absent
  EventOptions events;
  std::chrono::seconds changes_retention{0};  ///< of the change feed, and so of history; 0: for ever
  BrakeOptions brake;
  std::chrono::seconds lease_ttl{15};
  std::chrono::seconds health_max_lag{300};
};

}  // namespace mirror::sync
