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
  std::string place;  ///< for a person: "/etc/x.toml:12", "WORKOS_BASE_URL", "--set"
};

/// What one source says.
struct Settings {
  std::vector<Setting> settings;
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
};

/// The TOML file at `path`. A file that can't be read or parsed is a problem with line and column.
Settings read_file_settings(const std::string& path);

/// AUTHKIT_MIRROR_<SECTION>_<KEY> for every key, and WORKOS_API_KEY, WORKOS_BASE_URL, DATABASE_URL,
/// WORKOS_WEBHOOK_SECRET, over which the long names win. A name with our prefix that is no key is a warning: it may
/// belong to another program around this one.
Settings read_environment_settings(const std::map<std::string, std::string>& environment);

/// "key=value" of the command line.
Settings read_flag_settings(const std::vector<std::string>& flags);

/// "", or ", did you mean \"sync.parallel\"?".
std::string suggest_key(const std::string& wrong);

}  // namespace mirror::app
