#include "app/setting.hpp"

#include <fmt/format.h>

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

void flatten(const toml::table& table, const std::string& prefix, const std::string& path, Settings& found) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string{name.str()};
    if (const toml::table* inner = node.as_table()) {
      flatten(*inner, key + ".", path, found);
      continue;
    }
    const std::string place = path + ":" + std::to_string(node.source().begin.line);
    if (auto text = scalar_text(node)) {
      found.settings.push_back({key, std::move(*text), SettingSource::file, place});
    } else {
      found.problems.push_back(place + ": " + key + " must be a single value");
    }
  }
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

Settings read_environment_settings(const std::map<std::string, std::string>& environment) {
  Settings found;
  for (const UsualName& usual : usual_names) {
    const auto place = environment.find(std::string{usual.variable});
    if (place == environment.end() || place->second.empty()) continue;
    found.settings.push_back({std::string{usual.key}, place->second, SettingSource::environment, place->first});
  }
  std::map<std::string, std::string> keys;
  std::vector<std::string> names;
  for (const Option& option : option_table()) keys.emplace(environment_name(option), option.key);
  for (const auto& [name, key] : keys) names.push_back(name);
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("AUTHKIT_MIRROR_")) continue;
    if (const auto known = keys.find(name); known != keys.end()) {
      found.settings.push_back({known->second, value, SettingSource::environment, name});
    } else if (const auto nearest = nearest_name(name, names)) {
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
    found.settings.push_back({flag.substr(0, equals), flag.substr(equals + 1), SettingSource::flag, "command line"});
  }
  return found;
}

std::string suggest_key(const std::string& wrong) {
  std::vector<std::string> keys;
  for (const Option& option : option_table()) keys.push_back(option.key);
  const auto nearest = nearest_name(wrong, keys);
  return nearest ? ", did you mean \"" + *nearest + "\"?" : "";
}

}  // namespace mirror::app
