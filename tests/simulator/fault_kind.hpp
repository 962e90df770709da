#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulator/http_message.hpp"
#include "tests/simulator/listing.hpp"
#include "tests/simulator/random.hpp"

namespace mirror::simulator {

class Store;

/// What a fault is told, as names and texts.
class FaultParameters {
 public:
  FaultParameters() = default;
  FaultParameters(std::initializer_list<std::pair<const std::string, std::string>> values) : values_(values) {}

  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  [[nodiscard]] std::string text(const std::string& name, std::string_view otherwise = {}) const;
  [[nodiscard]] std::int64_t number(const std::string& name, std::int64_t otherwise) const;
  [[nodiscard]] bool flag(const std::string& name, bool otherwise = false) const;

 private:
  std::map<std::string, std::string> values_;
};

struct FaultKind;

/// A fault that waits for its requests. `remaining` is how often it still acts, -1 for ever.
struct ArmedFault {
  const FaultKind* kind = nullptr;
  int number = 0;
  std::string target;  ///< a table, the start of a path, or empty for everything
  int remaining = 1;
  double probability = 1;
  int skip = 0;  ///< so many matching requests pass first
  FaultParameters parameters;
  std::size_t fired = 0;
  std::vector<std::pair<Kind, std::string>> objects;  ///< whom it spoiled
};

/// One request as a fault sees it.
struct FaultTurn {
  ArmedFault& fault;
  const Request& request;
  Store& store;
};

/// A named way in which the API goes wrong. Each acts at one stage of an answer; the functions of the other stages are
/// null. A stage function says whether it really acted: only that counts.
struct FaultKind {
  std::string_view name;
  std::string_view description;
  int default_count = 1;
  /// Answers instead of the API.
  std::optional<Answer> (*on_request)(FaultTurn&) = nullptr;
  /// Misunderstands what is asked of a list. A limit of 0 gives an empty page without cursors.
  bool (*on_query)(FaultTurn&, const Listing&, PageQuery&) = nullptr;
  /// Changes what a page holds.
  bool (*on_page)(FaultTurn&, const Listing&, const PageQuery&, Page&) = nullptr;
  /// Changes how the answer looks on the wire.
  bool (*on_answer)(FaultTurn&, Answer&) = nullptr;
  /// Changes the directory itself once, when the fault is armed.
  void (*on_arm)(ArmedFault&, Store&, Random&) = nullptr;
};

/// The kinds by stage, each list in a file of its own.
std::span<const FaultKind> answering_faults();
std::span<const FaultKind> paging_faults();
std::span<const FaultKind> wire_faults();
std::span<const FaultKind> spoiling_faults();

/// Null if there is none of that name.
const FaultKind* find_fault_kind(std::string_view name);
/// The table that is the fault's target. Throws Error (usage) if it is none.
Kind table_of_target(const ArmedFault& fault);
/// All, for documentation and tests.
std::vector<const FaultKind*> all_fault_kinds();

}  // namespace mirror::simulator
