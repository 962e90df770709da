#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

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

}  // namespace mirror::http
