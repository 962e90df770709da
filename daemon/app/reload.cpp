#include "app/reload.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/option_table.hpp"

namespace mirror::app {
namespace {

std::string text_of(const std::vector<Secret>& secrets) {
  std::string text;
  for (const Secret& secret : secrets) text += secret.expose() + "\n";
  return text;
}

/// The effective value as text.
std::string value_of(const Config& config, const Option& option) {
  if (option.key == "api.key") return config.api.key.expose();
  if (option.key == "database.password") return config.database.password.expose();
  if (option.key == "webhook.secret") return text_of(config.webhook.secrets);
  if (option.key == "database.url") return config.database.url;
  const auto given = config.given.find(option.key);
  return given == config.given.end() ? option.default_text : given->second.shown;
}

/// Null if there is none of that name.
const Config* find_environment(const Config& config, const std::string& name) {
  const auto found = std::ranges::find(config.environments, name,
                                       [](const Config& each) -> const std::string& { return each.sync.environment; });
  return found == config.environments.end() ? nullptr : &*found;
}

bool is_compared(const Option& option, const Config& config) {
  if (!config.section.empty()) return option.per_environment;
  // What environments have of their own is told by each; beside them, the name of the only one says nothing.
  return config.environments.empty() || (!option.per_environment && option.key != "environment");
}

void compare_keys(const Config& running, const Config& fresh, ReloadReport& report) {
  for (const Option& option : option_table()) {
    if (!is_compared(option, running) || value_of(running, option) == value_of(fresh, option)) continue;
    (option.reloadable ? report.applied : report.needs_restart).push_back(running.section + option.key);
  }
}

void take_reloadable_keys(Config& running, const Config& fresh) {
  for (const Option& option : option_table()) {
    if (!option.reloadable) continue;
    OptionValue value;
    read_option(option, value_of(fresh, option), value);
    option.store(running, value);
    if (const auto given = fresh.given.find(option.key); given != fresh.given.end()) {
      running.given[option.key] = given->second;
    } else {
      running.given.erase(option.key);
    }
  }
}

}  // namespace

std::string ReloadReport::text() const {
  if (applied.empty() && needs_restart.empty()) return "reload: nothing has changed";
  std::string text = "reload:";
  if (!applied.empty()) text += fmt::format(" applied {}", fmt::join(applied, ", "));
  if (!applied.empty() && !needs_restart.empty()) text += ";";
  if (!needs_restart.empty()) text += fmt::format(" needs a restart: {}", fmt::join(needs_restart, ", "));
  return text;
}

ReloadReport compare(const Config& running, const Config& fresh) {
  ReloadReport report;
  compare_keys(running, fresh, report);
  for (const Config& each : running.environments) {
    const std::string& name = each.sync.environment;
    if (const Config* const now = find_environment(fresh, name)) {
      compare_keys(each, *now, report);
    } else {
      report.needs_restart.push_back("environments." + name);
    }
  }
  for (const Config& each : fresh.environments) {
    const std::string& name = each.sync.environment;
    if (find_environment(running, name) == nullptr) report.needs_restart.push_back("environments." + name);
  }
  return report;
}

Config with_reloadable_keys(const Config& running, const Config& fresh) {
  Config merged = running;
  take_reloadable_keys(merged, fresh);
  for (Config& each : merged.environments) {
    if (const Config* const now = find_environment(fresh, each.sync.environment)) take_reloadable_keys(each, *now);
  }
  return merged;
}

}  // namespace mirror::app
