#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mirror::reconcile {

/// Everything that is wrong with an input, of which the first fifty are told. No message holds a value of the input:
/// values are people's names and addresses. Not thread-safe.
class ProblemList {
 public:
  /// `place` as in "line 12, column email".
  void add(const std::string& place, const std::string& message);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }
  /// Throws Error (usage) that lists them, if there are any; `what` is the input.
  void throw_if_any(const std::string& what) const;

 private:
  static constexpr std::size_t most_told = 50;

  std::vector<std::string> told_;
  std::size_t count_ = 0;
};

}  // namespace mirror::reconcile
