#include "reconcile/problem_list.hpp"

#include <fmt/format.h>

#include "support/error.hpp"

namespace mirror::reconcile {

void ProblemList::add(const std::string& place, const std::string& message) {
  if (++count_ <= most_told) told_.push_back(place + ": " + message);
}

void ProblemList::throw_if_any(const std::string& what) const {
  if (empty()) return;
  std::string text = fmt::format("{} has {}:", what, count_ == 1 ? "a problem" : fmt::format("{} problems", count_));
  for (const std::string& problem : told_) text += "\n  " + problem;
  if (count_ > told_.size()) text += fmt::format("\n  and {} more", count_ - told_.size());
  throw Error(Fault::usage, text, "correct it and plan again; nothing was changed");
}

}  // namespace mirror::reconcile
