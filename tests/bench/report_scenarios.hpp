#pragma once

#include <cstddef>

#include "tests/bench/results.hpp"

namespace mirror::bench {

struct ReportSizes {
  std::size_t users = 1'000'000;
  std::size_t memberships = 1'500'000;
  std::size_t organizations = 20'000;
  std::size_t invitations = 200'000;
  int rounds = 3;
};

/// How long each report takes: its first thousand rows, all of it, and one organization, the largest. The directory is
/// made by SQL: a few organizations have most members, and a fifth of the users none.
void measure_reports(Results& results, const ReportSizes& sizes);

}  // namespace mirror::bench
