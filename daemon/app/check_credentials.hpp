#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/check_report.hpp"
#include "app/config.hpp"

namespace mirror::app {

/// Where systemd's credentials for the service lie.
inline constexpr const char* credential_source = "/etc/authkit-mirror/credentials";

/// Which credentials systemd gave this process ($CREDENTIALS_DIRECTORY in `environment`), and, in a line for each that
/// is wrong, which files of secrets others may read: those that the configuration names, and those in `source` as far
/// as this user may look there. `config` is the whole one, with all its environments. Never throws Error, and shows
/// names only.
std::vector<CheckLine> check_credentials(const Config& config, const std::map<std::string, std::string>& environment,
                                         const std::string& source = credential_source);

}  // namespace mirror::app
