#include "app/reload.hpp"

#include <fmt/format.h>

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
  for (const Option& option : option_table()) {
    if (value_of(running, option) == value_of(fresh, option)) continue;
    (option.reloadable ? report.applied : report.needs_restart).push_back(option.key);
  }
  return report;
}

Config with_reloadable_keys(const Config& running, const Config& fresh) {
  Config merged = running;
  for (const Option& option : option_table()) {
    if (!option.reloadable) continue;
    OptionValue value;
    read_option(option, value_of(fresh, option), value);
    option.store(merged, value);
    if (const auto given = fresh.given.find(option.key); given != fresh.given.end()) {
      merged.given[option.key] = given->second;
    } else {
      merged.given.erase(option.key);
    }
  }
  return merged;
}

}  // namespace mirror::app
