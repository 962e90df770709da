#include "app/config_rules.hpp"

#include <algorithm>
#include <string_view>

#include "app/option_table.hpp"
#include "model/streams.hpp"

namespace mirror::app {
namespace {

bool is_enabled(const Config& config, const std::string& stream) {
  const auto options = config.sync.streams.find(stream);
  return options == config.sync.streams.end() || options->second.enabled;
}

/// A list per parent can't be read without the parents.
void check_parents(const Config& config, std::vector<std::string>& problems) {
  for (const StreamSpec* const stream : all_streams()) {
    if (stream->scope_table.empty()) continue;
    const std::string parent{stream->scope_table};
    if (!is_enabled(config, std::string{stream->name}) || is_enabled(config, parent)) continue;
    problems.push_back(config.section + "streams." + parent + ".enabled = false leaves " + config.section + "streams." +
                       std::string{stream->name} + " without the lists to read, one for each of the " + parent +
                       "; enable both, or disable both");
  }
}

bool share_a_secret(const Config& one, const Config& other) {
  return std::ranges::any_of(one.webhook.secrets, [&](const Secret& secret) {
    return std::ranges::any_of(other.webhook.secrets,
                               [&](const Secret& each) { return each.expose() == secret.expose(); });
  });
}

void check_pair(const Config& one, const Config& other, std::vector<std::string>& problems) {
  const std::string& first = one.sync.environment;
  const std::string& second = other.sync.environment;
  if (variable_part(first) == variable_part(second)) {
    problems.push_back("the environments " + first + " and " + second +
                       " can't be told apart in environment variables; name one of them differently");
  }
  if (!one.api.key.empty() && one.api.key.expose() == other.api.key.expose()) {
    problems.push_back("the environments " + first + " and " + second +
                       " have the same API key, and a key belongs to one WorkOS environment; give each its own");
  }
  if (share_a_secret(one, other)) {
    problems.push_back("the environments " + first + " and " + second +
                       " have a webhook secret in common; each needs an endpoint, and so a secret, of its own");
  }
}

}  // namespace

std::vector<std::string> contradictions(const Config& config) {
  std::vector<std::string> problems;
  const sync::BrakeOptions& brake = config.sync.brake;
  if (brake.min_count > brake.max_count) {
    problems.push_back(config.section + "brake.min_count = " + std::to_string(brake.min_count) + " is above " +
                       config.section + "brake.max_count = " + std::to_string(brake.max_count) +
                       "; allowed: at most that");
  }
  check_parents(config, problems);
  return problems;
}

std::vector<std::string> conflicts(const std::vector<Config>& environments) {
  std::vector<std::string> problems;
  for (std::size_t one = 0; one < environments.size(); ++one) {
    for (std::size_t other = one + 1; other < environments.size(); ++other) {
      check_pair(environments[one], environments[other], problems);
    }
  }
  return problems;
}

std::vector<std::string> doubtful(const Config& config) {
  const std::string& url = config.api.base_url;
  const std::string_view host = std::string_view{url}.substr(std::min<std::size_t>(url.size(), 7));
  const bool local = host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
  if (!url.starts_with("http://") || local) return {};
  return {config.section + "api.base_url = " + url + " is not encrypted: everybody on the way can read the API key"};
}

}  // namespace mirror::app
