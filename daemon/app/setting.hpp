#pragma once

#include <map>
#include <string>
#include <vector>

namespace mirror::app {

enum class SettingSource { file, environment, flag };

/// A key with a value as one source gives it, before it is checked.
struct Setting {
  std::string key;
  std::string value;
  SettingSource source;
  std::string place;             ///< for a person: "/etc/x.toml:12", "WORKOS_BASE_URL", "--set"
  std::string environment = {};  ///< "staging" for environments.staging.KEY, of which `key` is the rest; else empty
};

/// What one source says.
struct Settings {
  std::vector<Setting> settings;
  std::vector<std::string> environments;  ///< names of [environments.NAME], also of empty ones
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
};

/// The TOML file at `path`. A file that can't be read or parsed is a problem with line and column.
Settings read_file_settings(const std::string& path);

/// AUTHKIT_MIRROR_<SECTION>_<KEY> for every key, AUTHKIT_MIRROR_ENVIRONMENTS_<NAME>_<SECTION>_<KEY> for what an
/// environment may have of its own, and WORKOS_API_KEY, WORKOS_BASE_URL, DATABASE_URL, WORKOS_WEBHOOK_SECRET, over
/// which the long names win. A name with our prefix that is no key is a warning: it may belong to another program
/// around this one. A variable does not show how an environment's name is spelt: `names` are those that are known
/// already.
Settings read_environment_settings(const std::map<std::string, std::string>& environment,
                                   const std::vector<std::string>& names);

/// "key=value" of the command line.
Settings read_flag_settings(const std::vector<std::string>& flags);

/// "", or ", did you mean \"sync.parallel\"?".
std::string suggest_key(const Setting& wrong);

/// The setting's key in full: "environments.staging.api.base_url".
std::string full_key(const Setting& setting);

}  // namespace mirror::app
