#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/cost.hpp"

namespace mirror::bench {

/// What is synced and measured; `prepared` is synced before, unmeasured.
struct Subject {
  std::string name;
  std::vector<std::string> streams;
  std::vector<std::string> tables;
  std::vector<std::string> prepared = {};
};

/// All streams and all tables that they fill.
Subject whole_directory(const std::string& name);

/// One subject in one mirror: each sync adds its figures.
class SyncRound {
 public:
  SyncRound(Results& results, const BenchSource& source, Subject subject);

  /// With that many requests per second at most.
  Cost sync(const std::string& what, const Targets& targets, double share = no_limit);
  /// A figure of one sync beside those that all have.
  void add(const std::string& what, const std::string& quantity, const std::string& unit, double value,
           const std::string& target);
  /// Changes so many of every hundred objects, without events: only a sweep can find them.
  void change(double percent);
  /// Ends the round: the tables are copied anew, and every sync before is compared with that.
  void compare_with_raw_copy();

 private:
  struct Timed {
    std::string what;
    double seconds;
    std::string target;
  };

  double count();

  Results& results_;
  const BenchSource& source_;
  const Subject subject_;
  BenchMirror mirror_;
  std::vector<Timed> syncs_;
  static inline std::size_t changes_ = 0;
};

}  // namespace mirror::bench
