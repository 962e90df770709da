#pragma once

#include <cstddef>
#include <string>

#include "tests/bench/results.hpp"

namespace mirror::bench {

struct ReportSizes {
  std::size_t users = 1'000'000;
  std::size_t memberships = 1'500'000;
  std::size_t organizations = 20'000;
  std::size_t invitations = 200'000;
  std::size_t changes = 100'000;  ///< of the last day, for questions about the past
  int rounds = 3;
  std::string plans;  ///< file that gets PostgreSQL's plan of each question; empty: none
};

/// How long each report takes: its first thousand rows, all of it, and one organization, the largest; then what the
/// users were before the last day's changes, and one user's history. The directory is made by SQL: a few organizations
/// have most members, and a fifth of the users none.
void measure_reports(Results& results, const ReportSizes& sizes);

}  // namespace mirror::bench
