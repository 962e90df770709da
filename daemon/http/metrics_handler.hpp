#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/handler.hpp"
#include "http/health_report.hpp"

namespace mirror::http {

/// One value of a metric whose owner this folder does not know, for example of the API client.
struct Sample {
  enum class Kind { counter, gauge };

  std::string name;  ///< without the prefix "authkit_mirror_"; samples of one name stand together
  std::string help;
  Kind kind = Kind::counter;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

/// Called at each scrape, by any thread.
using SampleSource = std::function<std::vector<Sample>()>;

/// Adds /metrics in the text format of Prometheus. `board` and `health` must outlive the server.
void add_metrics_route(Routes& routes, const sync::StatusBoard& board, const Health& health, SampleSource samples = {});

}  // namespace mirror::http
