#pragma once

#include <map>
#include <string>

#include "app/config.hpp"
#include "app/setting.hpp"

namespace mirror::app {

/// A Config in the making: takes one setting after the other, later ones over earlier ones, then the secrets. What is
/// wrong comes back as a text for a person, which shows no secret. Not thread-safe.
class ConfigDraft {
 public:
  /// Of the environment of that name, one of several; with an empty name of the only one.
  ConfigDraft(const std::map<std::string, std::string>& variables, const std::string& environment);

  /// Applies a setting that is for this draft. Returns what is wrong with it, or an empty text.
  [[nodiscard]] std::string apply(const Setting& setting);
  /// Reads a secret (its key has a `_file` beside it) from where it may be. Returns what is wrong, or an empty text.
  [[nodiscard]] std::string read_secret(const std::string& key);
  /// Takes the whole section [database] from `other`, its password included.
  void adopt_database(const Config& other);

  [[nodiscard]] Config& config() { return config_; }

 private:
  [[nodiscard]] std::string misplaced_secret(const Setting& setting) const;
  [[nodiscard]] std::string store_secret(const std::string& key, const Secret& secret, const std::string& place);
  [[nodiscard]] std::string credential_of(const std::string& key) const;
  [[nodiscard]] std::string variable_of(const std::string& key) const;

  const std::map<std::string, std::string>& variables_;
  const std::string environment_;
  Config config_;
  std::map<std::string, SettingSource> source_of_;
};

}  // namespace mirror::app
