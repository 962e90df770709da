#include "app/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "app/credentials.hpp"
#include "app/option_table.hpp"
#include "app/setting.hpp"
#include "db/database_url.hpp"
#include "model/streams.hpp"
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

/// Applies settings to a Config and collects everything that is wrong on the way.
class Loader {
 public:
  explicit Loader(const ConfigSources& sources) : sources_(sources) {}

  Config load() {
    if (const auto path = file_to_read()) take(read_file_settings(*path));
    take(read_environment_settings(sources_.environment));
    take(read_flag_settings(sources_.flags));
    read_secret("api.key", config_.api_key_file);
    read_secret("database.password", config_.database_password_file);
    read_secret("webhook.secret", config_.webhook_secret_file);
    check_together();
    if (!problems_.empty()) throw_problems();
    return std::move(config_);
  }

 private:
  /// The default file may be missing, a file that was asked for may not.
  [[nodiscard]] std::optional<std::string> file_to_read() const {
    if (sources_.file) return sources_.file;
    std::error_code ignored;
    if (std::filesystem::exists(ConfigSources::default_file, ignored)) return ConfigSources::default_file;
    return std::nullopt;
  }

  void take(Settings found) {
    for (std::string& problem : found.problems) problems_.push_back(std::move(problem));
    for (std::string& warning : found.warnings) config_.warnings.push_back(std::move(warning));
    for (const Setting& setting : found.settings) apply(setting);
  }

  void apply(const Setting& setting) {
    const Option* const option = find_option(setting.key);
    if (option == nullptr) {
      problems_.push_back(setting.place + ": unknown key \"" + setting.key + "\"" + suggest_key(setting.key));
      return;
    }
    if (option->secret && setting.source != SettingSource::environment) {
      problems_.push_back(misplaced_secret(setting));
      return;
    }
    OptionValue value;
    const std::string allowed = read_option(*option, setting.value, value);
    if (!allowed.empty()) {
      // An address with an @ holds a password.
      const bool is_secret = option->secret || setting.value.find('@') != std::string::npos;
      const std::string shown = is_secret ? hidden_secret : setting.value;
      problems_.push_back(setting.place + ": " + setting.key + " = " + shown + " is not allowed; allowed: " + allowed);
      return;
    }
    option->store(config_, value);
    config_.given[setting.key] = {shown_value(*option, setting.value), setting.place};
    source_of_[setting.key] = setting.source;
  }

  static std::string shown_value(const Option& option, const std::string& value) {
    if (option.key == "database.url") return db::without_password(value);
    return option.secret ? hidden_secret : value;
  }

  static std::string misplaced_secret(const Setting& setting) {
    const SecretSource& source = source_of_secret(setting.key);
    const char* const why = setting.source == SettingSource::file
                                ? " does not belong into the configuration file, which everybody may read"
                                : " does not belong on the command line, which everybody may read in the process list";
    return setting.place + ": " + setting.key + why + "; put it into a file named by " + setting.key +
           "_file, into /etc/authkit-mirror/credentials/" + source.credential +
           " for systemd, or into the environment variable " + source.variable;
  }

  /// A file named by a later source than the value wins over it; systemd's credentials are the last resort.
  void read_secret(const std::string& key, const std::string& file) {
    const std::string credential = source_of_secret(key).credential;
    const bool has_value = source_of_.contains(key);
    const auto named = source_of_.find(key + "_file");
    const bool file_is_later = named != source_of_.end() && named->second == SettingSource::flag;
    if (has_value && !file_is_later) return;
    if (file.starts_with("sk_") || file.starts_with("whsec_")) {
      problems_.push_back(key + "_file = " + hidden_secret +
                          " looks like the secret itself; write that into a file, and name the file here");
      return;
    }
    try {
      std::optional<Secret> secret;
      if (!file.empty()) secret = read_secret_file(file);
      if (!secret) secret = read_credential(sources_.environment, credential);
      if (secret) store_secret(key, *secret, file.empty() ? "credential " + credential : file);
    } catch (const Error& error) {
      problems_.push_back(key + ": " + error.what() + (error.next_step().empty() ? "" : "; " + error.next_step()));
    }
  }

  void store_secret(const std::string& key, const Secret& secret, const std::string& place) {
    const Option* const option = find_option(key);
    OptionValue value;
    const std::string allowed = read_option(*option, secret.expose(), value);
    if (!allowed.empty()) {
      problems_.push_back(place + ": " + key + " = " + hidden_secret + " is not allowed; allowed: " + allowed);
      return;
    }
    option->store(config_, value);
    config_.given[key] = {hidden_secret, place};
  }

  void check_together() {
    const sync::BrakeOptions& brake = config_.sync.brake;
    if (brake.min_count > brake.max_count) {
      problems_.push_back("brake.min_count = " + std::to_string(brake.min_count) +
                          " is above brake.max_count = " + std::to_string(brake.max_count) + "; allowed: at most that");
    }
    if (!config_.webhook.listen.empty() && config_.webhook.secrets.empty()) {
      problems_.push_back("webhook.listen = " + config_.webhook.listen +
                          " is of no use without the webhook endpoint's secret; put that into a file named by "
                          "webhook.secret_file, or into the environment variable WORKOS_WEBHOOK_SECRET");
    }
    check_parents();
    const std::string& url = config_.api.base_url;
    const std::string_view host = std::string_view{url}.substr(std::min<std::size_t>(url.size(), 7));
    const bool local = host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
    if (url.starts_with("http://") && !local) {
      config_.warnings.push_back("api.base_url = " + url +
                                 " is not encrypted: everybody on the way can read the API key");
    }
  }

  /// A list per parent can't be read without the parents.
  void check_parents() {
    for (const StreamSpec* const stream : all_streams()) {
      if (stream->scope_table.empty()) continue;
      const std::string parent{stream->scope_table};
      if (!is_enabled(std::string{stream->name}) || is_enabled(parent)) continue;
      problems_.push_back("streams." + parent + ".enabled = false leaves streams." + std::string{stream->name} +
                          " without the lists to read, one for each of the " + parent +
                          "; enable both, or disable both");
    }
  }

  bool is_enabled(const std::string& stream) const {
    const auto options = config_.sync.streams.find(stream);
    return options == config_.sync.streams.end() || options->second.enabled;
  }

  [[noreturn]] void throw_problems() const {
    const bool one = problems_.size() == 1;
    std::string message = "the configuration has " +
                          (one ? std::string{"a problem"} : std::to_string(problems_.size()) + " problems") + ":";
    for (const std::string& problem : problems_) message += "\n  " + problem;
    throw Error(Fault::misconfigured, message,
                "correct " + std::string{one ? "it" : "them"} + " and run `authkit-mirror check`");
  }

  const ConfigSources& sources_;
  Config config_;
  std::map<std::string, SettingSource> source_of_;
  std::vector<std::string> problems_;
};

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Config load_config(const ConfigSources& sources) {
  return Loader{sources}.load();
}

void require_api_key(const Config& config) {
  if (!config.api.key.empty()) return;
  throw Error(
      Fault::misconfigured, "there is no WorkOS API key",
      "take one from the WorkOS dashboard (API Keys) and set WORKOS_API_KEY, name a file by api.key_file, or put "
      "it into /etc/authkit-mirror/credentials/api_key for systemd");
}

}  // namespace mirror::app
