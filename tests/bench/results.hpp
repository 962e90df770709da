#pragma once

#include <string>
#include <vector>

namespace mirror::bench {

/// One measured quantity over all rounds.
struct Metric {
  std::string name;
  std::string unit;
  std::string target;  ///< what it should be, or empty
  std::vector<double> values{};

  [[nodiscard]] double median() const;
};

/// All of them, in the order in which they were first added.
class Results {
 public:
  /// Adds the value of one round.
  void add(const std::string& name, const std::string& unit, double value, const std::string& target = "");

  [[nodiscard]] std::string table() const;
  [[nodiscard]] std::string json() const;

 private:
  std::vector<Metric> metrics_;
};

}  // namespace mirror::bench
