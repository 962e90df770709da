#include "app/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "app/config_draft.hpp"
#include "app/config_rules.hpp"
#include "app/option_rules.hpp"
#include "app/setting.hpp"
#include "support/error.hpp"
#include "support/nearest_name.hpp"

namespace mirror::app {
namespace {

/// What no two environments may have in common.
constexpr std::array<std::string_view, 4> keys_of_one_environment{"api.key", "api.key_file", "webhook.secret",
                                                                  "webhook.secret_file"};

bool is_for_one_environment(const Setting& setting) {
  return setting.environment.empty() &&
         std::ranges::find(keys_of_one_environment, setting.key) != keys_of_one_environment.end();
}

/// Makes a Config of what the sources say, one per environment, and collects everything that is wrong on the way.
class Loader {
 public:
  explicit Loader(const ConfigSources& sources) : sources_(sources), shared_(sources.environment, "") {}

  Config load() {
    const Settings file = read_file();
    const Settings flags = read_flag_settings(sources_.flags);
    const Settings variables =
        read_environment_settings(sources_.environment, joined(file.environments, flags.environments));
    make_environments(file.environments, joined(flags.environments, variables.environments));
    for (const Settings* const source : {&file, &variables, &flags}) take(*source);
    read_secrets();
    check_together();
    if (!problems_.empty()) throw_problems();
    for (ConfigDraft& draft : environments_) config().environments.push_back(std::move(draft.config()));
    return std::move(config());
  }

 private:
  Config& config() { return shared_.config(); }

  /// The default file may be missing, a file that was asked for may not.
  [[nodiscard]] Settings read_file() const {
    if (sources_.file) return read_file_settings(*sources_.file);
    std::error_code ignored;
    if (!std::filesystem::exists(ConfigSources::default_file, ignored)) return {};
    return read_file_settings(ConfigSources::default_file);
  }

  static std::vector<std::string> joined(std::vector<std::string> names, const std::vector<std::string>& more) {
    for (const std::string& name : more) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    return names;
  }

  /// The file's environments are all there are; only without any there, variables and flags may make some. So a
  /// mistyped name is no new environment.
  void make_environments(const std::vector<std::string>& of_file, const std::vector<std::string>& others) {
    const std::vector<std::string>& names = of_file.empty() ? others : of_file;
    for (const std::string& name : names) {
      const std::string allowed = refuse_environment_section(name);
      if (!allowed.empty()) problems_.push_back("[environments." + name + "]: allowed as a name: " + allowed);
      environments_.emplace_back(sources_.environment, name);
    }
  }

  void take(const Settings& found) {
    for (const std::string& problem : found.problems) problems_.push_back(problem);
    for (const std::string& warning : found.warnings) config().warnings.push_back(warning);
    // What an environment has of its own wins over what is said for all in the same source.
    for (const Setting& setting : found.settings) {
      if (setting.environment.empty()) take_for_all(setting);
    }
    for (const Setting& setting : found.settings) {
      if (!setting.environment.empty()) take_for_one(setting);
    }
  }

  void take_for_all(const Setting& setting) {
    if (!environments_.empty()) {
      if (setting.key == "environment") return choose_environment(setting);
      if (is_for_one_environment(setting)) {
        problems_.push_back(setting.place + ": " + setting.key +
                            " belongs to one environment; give it as environments.NAME." + setting.key);
        return;
      }
    }
    report(shared_.apply(setting));
    // What is wrong has been told.
    for (ConfigDraft& draft : environments_) (void)draft.apply(setting);
  }

  void take_for_one(const Setting& setting) {
    for (ConfigDraft& draft : environments_) {
      if (draft.config().sync.environment == setting.environment) return report(draft.apply(setting));
    }
    std::vector<std::string> names;
    for (ConfigDraft& draft : environments_) names.push_back(draft.config().sync.environment);
    const auto nearest = nearest_name(setting.environment, names);
    problems_.push_back(setting.place + ": " + full_key(setting) + ": the file has no [environments." +
                        setting.environment + "]" + (nearest ? ", did you mean \"" + *nearest + "\"?" : ""));
  }

  /// A flag says which one a command is about; anywhere else the word would name the only one.
  void choose_environment(const Setting& setting) {
    if (setting.source == SettingSource::flag) {
      config().chosen_environment = setting.value;
      return;
    }
    problems_.push_back(setting.place + ": environment = " + setting.value +
                        " names the only environment, and there are [environments.*]; remove one or the other");
  }

  void read_secrets() {
    report(shared_.read_secret("database.password"));
    if (environments_.empty()) {
      report(shared_.read_secret("api.key"));
      report(shared_.read_secret("webhook.secret"));
      return;
    }
    for (ConfigDraft& draft : environments_) {
      draft.adopt_database(config());
      // The others can do without it, and the daemon with them.
      std::string unreadable = draft.read_secret("api.key");
      if (!unreadable.empty()) config().warnings.push_back(std::move(unreadable));
      report(draft.read_secret("webhook.secret"));
    }
  }

  void check_together() {
    std::vector<Config> all;
    for (ConfigDraft& draft : environments_) all.push_back(draft.config());
    report_all(conflicts(all));
    if (all.empty()) all.push_back(config());
    for (const Config& each : all) {
      report_all(contradictions(each));
      for (std::string& warning : doubtful(each)) config().warnings.push_back(std::move(warning));
    }
    const bool has_secret = std::ranges::any_of(all, [](const Config& each) { return !each.webhook.secrets.empty(); });
    if (!config().webhook.listen.empty() && !has_secret) {
      problems_.push_back("webhook.listen = " + config().webhook.listen +
                          " is of no use without the webhook endpoint's secret; put that into a file named by "
                          "webhook.secret_file, or into the environment variable WORKOS_WEBHOOK_SECRET");
    }
  }

  void report(std::string problem) {
    if (!problem.empty()) problems_.push_back(std::move(problem));
  }
  void report_all(std::vector<std::string> problems) {
    for (std::string& problem : problems) report(std::move(problem));
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
  ConfigDraft shared_;
  std::vector<ConfigDraft> environments_;
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

std::string environment_names(const Config& config) {
  std::string names;
  for (const Config& each : config.environments) names += (names.empty() ? "" : ", ") + each.sync.environment;
  return names;
}

std::vector<Config> wanted_environments(const Config& config) {
  if (config.environments.empty()) return {config};
  if (config.chosen_environment.empty()) return config.environments;
  for (const Config& each : config.environments) {
    if (each.sync.environment == config.chosen_environment) return {each};
  }
  throw Error(Fault::usage, "there is no environment " + config.chosen_environment,
              "name one of these: " + environment_names(config));
}

Config wanted_environment(const Config& config) {
  std::vector<Config> wanted = wanted_environments(config);
  if (wanted.size() == 1) return std::move(wanted.front());
  throw Error(Fault::usage, "this is about one environment, and there are several",
              "add --environment with one of these: " + environment_names(config));
}

}  // namespace mirror::app
