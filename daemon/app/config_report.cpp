#include "app/config_report.hpp"

#include <nlohmann/json.hpp>

#include "app/option_table.hpp"
#include "app/text_table.hpp"

namespace mirror::app {

namespace {

void add(std::vector<EffectiveValue>& values, const Config& config, const Option& option) {
  const auto given = config.given.find(option.key);
  if (given == config.given.end()) {
    values.push_back({config.section + option.key, option.default_text, "default"});
  } else {
    values.push_back({config.section + option.key, given->second.shown, given->second.place});
  }
}

}  // namespace

std::vector<EffectiveValue> effective_values(const Config& config) {
  std::vector<EffectiveValue> values;
  const bool has_several = !config.environments.empty();
  for (const Option& option : option_table()) {
    // Where environments have it, what stands outside of them is only their default.
    if (has_several && (option.per_environment || option.key == "environment")) continue;
    add(values, config, option);
  }
  for (const Config& each : config.environments) {
    for (const Option& option : option_table()) {
      if (option.per_environment) add(values, each, option);
    }
  }
  return values;
}

std::string to_table(const std::vector<EffectiveValue>& values) {
  TextTable table({"KEY", "VALUE", "FROM"});
  for (const EffectiveValue& value : values) {
    table.add({value.key, value.value.empty() ? "-" : value.value, value.from});
  }
  return table.text();
}

std::string to_json(const std::vector<EffectiveValue>& values) {
  auto array = nlohmann::json::array();
  for (const EffectiveValue& value : values) {
    array.push_back({{"key", value.key}, {"value", value.value}, {"from", value.from}});
  }
  return array.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace mirror::app
