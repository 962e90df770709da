#include "app/config_draft.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "app/credentials.hpp"
#include "app/option_table.hpp"
#include "db/database_url.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

/// The ways by which a secret may come, besides a file that `<key>_file` names.
struct SecretSource {
  std::string_view key;
  const char* credential;  ///< its name among systemd's
  const char* variable;
};

constexpr std::array secret_sources{
    SecretSource{"api.key", "api_key", "WORKOS_API_KEY"},
    SecretSource{"database.password", "database_password", "AUTHKIT_MIRROR_DATABASE_PASSWORD"},
    SecretSource{"webhook.secret", "workos_webhook_secret", "WORKOS_WEBHOOK_SECRET"}};

const SecretSource& source_of_secret(std::string_view key) {
  return *std::ranges::find(secret_sources, key, &SecretSource::key);
}

std::string shown_value(const Option& option, const std::string& value) {
  if (option.key == "database.url") return db::without_password(value);
  return option.secret ? hidden_secret : value;
}

}  // namespace

ConfigDraft::ConfigDraft(const std::map<std::string, std::string>& variables, const std::string& environment)
    : variables_(variables), environment_(environment) {
  if (environment.empty()) return;
  config_.section = "environments." + environment + ".";
  config_.sync.environment = environment;
}

std::string ConfigDraft::apply(const Setting& setting) {
  const Option* const option = find_option(setting.key);
  const std::string key = full_key(setting);
  if (option == nullptr) return setting.place + ": unknown key \"" + key + "\"" + suggest_key(setting);
  if (!setting.environment.empty() && !option->per_environment) {
    return setting.place + ": " + key + ": all environments have " + option->key +
           " in common; write it outside of [environments." + setting.environment + "]";
  }
  if (option->secret && setting.source != SettingSource::environment) return misplaced_secret(setting);
  OptionValue value;
  const std::string allowed = read_option(*option, setting.value, value);
  if (!allowed.empty()) {
    // An address with an @ holds a password.
    const bool is_secret = option->secret || setting.value.find('@') != std::string::npos;
    const std::string shown = is_secret ? hidden_secret : setting.value;
    return setting.place + ": " + key + " = " + shown + " is not allowed; allowed: " + allowed;
  }
  option->store(config_, value);
  config_.given[setting.key] = {shown_value(*option, setting.value), setting.place};
  source_of_[setting.key] = setting.source;
  return {};
}

std::string ConfigDraft::misplaced_secret(const Setting& setting) const {
  const char* const why = setting.source == SettingSource::file
                              ? " does not belong into the configuration file, which everybody may read"
                              : " does not belong on the command line, which everybody may read in the process list";
  return setting.place + ": " + full_key(setting) + why + "; put it into a file named by " + full_key(setting) +
         "_file, into /etc/authkit-mirror/credentials/" + credential_of(setting.key) +
         " for systemd, or into the environment variable " + variable_of(setting.key);
}

/// A file named by a later source than the value wins over it; systemd's credentials are the last resort.
std::string ConfigDraft::read_secret(const std::string& key) {
  const std::string file = key == "api.key"             ? config_.api_key_file
                           : key == "database.password" ? config_.database_password_file
                                                        : config_.webhook_secret_file;
  const bool has_value = source_of_.contains(key);
  const auto named = source_of_.find(key + "_file");
  const bool file_is_later = named != source_of_.end() && named->second == SettingSource::flag;
  if (has_value && !file_is_later) return {};
  if (file.starts_with("sk_") || file.starts_with("whsec_")) {
    return config_.section + key + "_file = " + hidden_secret +
           " looks like the secret itself; write that into a file, and name the file here";
  }
  try {
    std::optional<Secret> secret;
    if (!file.empty()) secret = read_secret_file(file);
    if (!secret) secret = read_credential(variables_, credential_of(key));
    return secret ? store_secret(key, *secret, file.empty() ? "credential " + credential_of(key) : file) : "";
  } catch (const Error& error) {
    return config_.section + key + ": " + error.what() + (error.next_step().empty() ? "" : "; " + error.next_step());
  }
}

std::string ConfigDraft::store_secret(const std::string& key, const Secret& secret, const std::string& place) {
  const Option* const option = find_option(key);
  OptionValue value;
  const std::string allowed = read_option(*option, secret.expose(), value);
  if (!allowed.empty()) {
    return place + ": " + config_.section + key + " = " + hidden_secret + " is not allowed; allowed: " + allowed;
  }
  option->store(config_, value);
  config_.given[key] = {hidden_secret, place};
  return {};
}

void ConfigDraft::adopt_database(const Config& other) {
  config_.database = other.database;
  for (const auto& [key, value] : other.given) {
    if (key.starts_with("database.")) config_.given[key] = value;
  }
}

std::string ConfigDraft::credential_of(const std::string& key) const {
  const std::string name = source_of_secret(key).credential;
  return environment_.empty() ? name : name + "." + environment_;
}

std::string ConfigDraft::variable_of(const std::string& key) const {
  if (environment_.empty()) return source_of_secret(key).variable;
  return "AUTHKIT_MIRROR_" + variable_part(config_.section + key);
}

}  // namespace mirror::app
