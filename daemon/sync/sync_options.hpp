#pragma once

#include <chrono>
#include <map>
#include <string>

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

/// What the engine needs to know; filled from the sections [sync], [streams.*], [brake], [lease] and [health].
struct SyncOptions {
  std::string environment = "default";
  int parallel = 0;                                           ///< concurrent list walks; 0: chosen by the daemon
  std::map<std::string, StreamOptions, std::less<>> streams;  ///< by stream name; defaults where absent
  BrakeOptions brake;
  std::chrono::seconds lease_ttl{15};
  std::chrono::seconds health_max_lag{300};
};

}  // namespace mirror::sync
