#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"

namespace mirror::app {

/// What SIGHUP found: the keys whose value differs from the running configuration.
struct ReloadReport {
  std::vector<std::string> applied;        ///< keys that take effect at once, with their environment if several run
  std::vector<std::string> needs_restart;  ///< keys and environments that stay as they were until the daemon restarts

  /// For the log; names keys only, since a value may be a secret.
  [[nodiscard]] std::string text() const;
};

/// Compares by effective value: a key that is now given with its default has not changed.
ReloadReport compare(const Config& running, const Config& fresh);

/// `running` with every reloadable key taken from `fresh`; an environment that is only in one of them stays as it was.
Config with_reloadable_keys(const Config& running, const Config& fresh);

}  // namespace mirror::app
