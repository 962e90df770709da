#include "app/setting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "app/option_table.hpp"
#include "support/nearest_name.hpp"

namespace mirror::app {
namespace {

struct UsualName {
  std::string_view variable;
  std::string_view key;
};

constexpr std::array usual_names{UsualName{"WORKOS_API_KEY", "api.key"}, UsualName{"WORKOS_BASE_URL", "api.base_url"},
                                 UsualName{"DATABASE_URL", "database.url"},
                                 UsualName{"WORKOS_WEBHOOK_SECRET", "webhook.secret"}};

/// The value as text; empty if it is no single value.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (const auto whole = node.value_exact<std::int64_t>()) return std::to_string(*whole);
  if (const auto boolean = node.value_exact<bool>()) return *boolean ? "true" : "false";
  if (const auto decimal = node.value_exact<double>()) return fmt::format("{}", *decimal);
  return std::nullopt;
}

constexpr std::string_view section_of_environments = "environments.";
constexpr std::string_view own_prefix = "AUTHKIT_MIRROR_";
constexpr std::string_view scoped_prefix = "AUTHKIT_MIRROR_ENVIRONMENTS_";

void note_environment(Settings& found, const std::string& name) {
  if (std::ranges::find(found.environments, name) == found.environments.end()) found.environments.push_back(name);
}

/// "environments.staging.api.base_url" taken apart; any other key as it is.
Setting setting_of(const std::string& key, std::string value, SettingSource source, std::string place) {
  if (key.starts_with(section_of_environments)) {
    const std::size_t dot = key.find('.', section_of_environments.size());
    if (dot != std::string::npos) {
      return {key.substr(dot + 1), std::move(value), source, std::move(place),
              key.substr(section_of_environments.size(), dot - section_of_environments.size())};
    }
  }
  return {key, std::move(value), source, std::move(place)};
}

void flatten(const toml::table& table, const std::string& prefix, const std::string& path, Settings& found) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string{name.str()};
    if (const toml::table* inner = node.as_table()) {
      if (prefix == section_of_environments) note_environment(found, std::string{name.str()});
      flatten(*inner, key + ".", path, found);
      continue;
    }
    const std::string place = path + ":" + std::to_string(node.source().begin.line);
    if (auto text = scalar_text(node)) {
      found.settings.push_back(setting_of(key, std::move(*text), SettingSource::file, place));
    } else {
      found.problems.push_back(place + ": " + key + " must be a single value");
    }
  }
}

/// The option that the end of `name` names; of several the longest. Null if none.
const Option* option_at_end(const std::string& name) {
  const Option* found = nullptr;
  std::size_t length = 0;
  for (const Option& option : option_table()) {
    const std::string end = "_" + variable_part(option.key);
    if (end.size() <= length || name.size() <= end.size() || !name.ends_with(end)) continue;
    found = &option;
    length = end.size();
  }
  return found;
}

std::string spelt(const std::string& part, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (variable_part(name) == part) return name;
  }
  std::string lower = part;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

/// AUTHKIT_MIRROR_ENVIRONMENTS_<NAME>_<SECTION>_<KEY>; false if it is none.
bool take_scoped(const std::string& variable, const std::string& value, const std::vector<std::string>& names,
                 Settings& found) {
  const std::string rest = variable.substr(scoped_prefix.size());
  const Option* const option = option_at_end(rest);
  if (option == nullptr) return false;
  const std::string part = rest.substr(0, rest.size() - option->key.size() - 1);
  const std::string name = spelt(part, names);
  note_environment(found, name);
  found.settings.push_back({option->key, value, SettingSource::environment, variable, name});
  return true;
}

/// Every variable that there could be.
std::vector<std::string> variable_names(const std::vector<std::string>& environments) {
  std::vector<std::string> names;
  for (const Option& option : option_table()) {
    names.push_back(environment_name(option));
    for (const std::string& name : environments) {
      if (!option.per_environment) continue;
      names.push_back(std::string{scoped_prefix} + variable_part(name) + "_" + variable_part(option.key));
    }
  }
  return names;
}

}  // namespace

Settings read_file_settings(const std::string& path) {
  Settings found;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || std::filesystem::is_directory(path) || !(text << in.rdbuf() || in.peek() == EOF)) {
    found.problems.push_back(path + ": the configuration file can't be read; check that it exists and its permissions");
    return found;
  }
  try {
    flatten(toml::parse(text.str(), path), "", path, found);
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    found.problems.push_back(path + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column) + ": " +
                             std::string{error.description()});
  }
  return found;
}

Settings read_environment_settings(const std::map<std::string, std::string>& environment,
                                   const std::vector<std::string>& names) {
  Settings found;
  for (const UsualName& usual : usual_names) {
    const auto place = environment.find(std::string{usual.variable});
    if (place == environment.end() || place->second.empty()) continue;
    found.settings.push_back({std::string{usual.key}, place->second, SettingSource::environment, place->first});
  }
  std::map<std::string, std::string> keys;
  for (const Option& option : option_table()) keys.emplace(environment_name(option), option.key);
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(own_prefix)) continue;
    if (const auto known = keys.find(name); known != keys.end()) {
      found.settings.push_back({known->second, value, SettingSource::environment, name});
      continue;
    }
    if (name.starts_with(scoped_prefix) && take_scoped(name, value, names, found)) continue;
    if (const auto nearest = nearest_name(name, variable_names(names))) {
      found.warnings.push_back("the environment variable " + name + " is no key, did you mean " + *nearest + "?");
    }
  }
  return found;
}

Settings read_flag_settings(const std::vector<std::string>& flags) {
  Settings found;
  for (const std::string& flag : flags) {
    const std::size_t equals = flag.find('=');
    if (equals == std::string::npos || equals == 0) {
      found.problems.emplace_back("--set: the form is key=value, for example --set sync.parallel=1");
      continue;
    }
    found.settings.push_back(
        setting_of(flag.substr(0, equals), flag.substr(equals + 1), SettingSource::flag, "command line"));
    const std::string& name = found.settings.back().environment;
    if (!name.empty()) note_environment(found, name);
  }
  return found;
}

std::string suggest_key(const Setting& wrong) {
  std::vector<std::string> keys;
  for (const Option& option : option_table()) {
    if (wrong.environment.empty() || option.per_environment) keys.push_back(option.key);
  }
  const auto nearest = nearest_name(wrong.key, keys);
  if (!nearest) return "";
  return ", did you mean \"" + full_key({*nearest, "", wrong.source, "", wrong.environment}) + "\"?";
}

std::string full_key(const Setting& setting) {
  if (setting.environment.empty()) return setting.key;
  return std::string{section_of_environments} + setting.environment + "." + setting.key;
}

}  // namespace mirror::app
