#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/fault_kind.hpp"

namespace mirror::simulator {

/// Which fault, where and how often.
struct FaultOrder {
  std::string name = {};
  std::string target = {};        ///< a table ("users"), the start of a path ("/events"), or empty for everything
  std::optional<int> count = {};  ///< how often it acts, or how many objects it spoils; -1: for ever; none: its default
  double probability = 1;         ///< of acting on a request that matches
  int skip = 0;                   ///< so many matching requests pass first
  /// Besides a fault's own: `query` (text that the request's target must contain), `method` (GET).
  FaultParameters parameters = {};
};

/// The faults that are armed and those that were. Not thread-safe: the Simulator guards it.
class FaultBoard {
 public:
  FaultBoard(Store& store, std::uint64_t seed) : store_(store), random_(seed) {}

  /// Returns its number. Throws Error (usage) for an unknown name or a target that does not fit.
  int arm(const FaultOrder& order);
  /// Disarms all and heals the objects they spoiled; counts are forgotten.
  void clear();
  [[nodiscard]] const std::deque<ArmedFault>& faults() const { return faults_; }
  /// How often faults of that name acted since the last clear.
  [[nodiscard]] std::size_t fired(std::string_view name) const;

  std::optional<Answer> on_request(const Request& request);
  void on_query(const Request& request, const Listing& listing, PageQuery& query);
  void on_page(const Request& request, const Listing& listing, const PageQuery& query, Page& page);
  void on_answer(const Request& request, Answer& answer);
  /// Somebody was shown an object or an event that this fault made.
  void served(int number) { ++faults_[static_cast<std::size_t>(number)].fired; }

 private:
  [[nodiscard]] bool is_due(ArmedFault& fault, const Request& request);
  static void count(ArmedFault& fault);

  Store& store_;
  Random random_;
  std::deque<ArmedFault> faults_;  // never shrinks but by clear: numbers are indexes
};

}  // namespace mirror::simulator
