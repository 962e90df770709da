#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"

namespace mirror::app {

/// A key with the value that counts.
struct EffectiveValue {
  std::string key;
  std::string value;  ///< hidden if it is secret; empty if there is none
  std::string from;   ///< GivenValue::place, or "default"
};

/// Every key, in the order of the example file; then those of each environment, "environments.staging.api.base_url".
std::vector<EffectiveValue> effective_values(const Config& config);

std::string to_table(const std::vector<EffectiveValue>& values);
std::string to_json(const std::vector<EffectiveValue>& values);

}  // namespace mirror::app
