#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"

/// What values demand of each other, each allowed by itself. Problems are texts for a person.
namespace mirror::app {

/// Within one environment, whose keys are named with its section.
std::vector<std::string> contradictions(const Config& config);

/// Between environments: names that can't be told apart, and secrets that two of them claim.
std::vector<std::string> conflicts(const std::vector<Config>& environments);

/// What is allowed but most likely not meant.
std::vector<std::string> doubtful(const Config& config);

}  // namespace mirror::app
