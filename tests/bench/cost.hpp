#pragma once

#include <string>

#include "tests/bench/results.hpp"

namespace mirror::bench {

/// What all processes of PostgreSQL used.
struct DatabaseUse {
  double cpu_seconds = 0;
  double wal_bytes = 0;
};

/// What the API was asked.
struct RequestCounts {
  double all = 0;
  double refused = 0;  ///< answered with 429
};

/// What a scenario took.
struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;     ///< of the daemon alone
  double peak_mebibytes = 0;  ///< of the daemon
  DatabaseUse database;
  RequestCounts requests;
};

/// What the figures of a scenario should be; each may be empty.
struct Targets {
  std::string rate = {};
  std::string cpu = {};  ///< of daemon and PostgreSQL together
  std::string wal = {};
  std::string copy = {};  ///< the rate as a part of the raw COPY's
};

/// Adds CPU, peak memory and WAL of the scenario `name`, for each of `count` rows, or whatever `one` of them is called.
void add_use(Results& results, const std::string& name, const Cost& cost, double count, const std::string& one,
             const Targets& targets = {});

}  // namespace mirror::bench
