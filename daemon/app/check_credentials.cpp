#include "app/check_credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace mirror::app {
namespace {

namespace files = std::filesystem;

constexpr std::array<std::string_view, 3> known_names{"api_key", "database_password", "workos_webhook_secret"};
/// How files of a directory arrive that is given by `LoadCredential=credentials:DIRECTORY`.
constexpr std::string_view prefix = "credentials_";

/// In the order of their names; empty as well if the directory can't be read, then `error` says why.
std::vector<files::path> files_in(const files::path& directory, std::error_code& error) {
  std::vector<files::path> found;
  for (const auto& entry : files::directory_iterator(directory, error)) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

bool is_known(std::string_view name) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return std::ranges::find(known_names, name) != known_names.end();
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

CheckLine given_line(const std::map<std::string, std::string>& environment) {
  const auto place = environment.find("CREDENTIALS_DIRECTORY");
  if (place == environment.end() || place->second.empty()) {
    return {"credentials", CheckResult::ok, "none from systemd, this is no service of its", "", {}};
  }
  std::error_code error;
  std::vector<std::string> known;
  std::vector<std::string> unknown;
  for (const files::path& file : files_in(place->second, error)) {
    const std::string name = file.filename().string();
    (is_known(name) ? known : unknown).push_back(name);
  }
  if (error) {
    return {"credentials", CheckResult::failed, fmt::format("{} can't be read: {}", place->second, error.message()),
            "start it by systemd, which makes this directory for the service's user, or unset CREDENTIALS_DIRECTORY",
            ExitCode::misconfigured};
  }
  const std::string found = known.empty() ? "systemd gave none" : "systemd gave " + joined(known);
  if (unknown.empty()) return {"credentials", CheckResult::ok, found, "", {}};
  return {"credentials", CheckResult::warning, fmt::format("{}; not used: {}", found, joined(unknown)),
          fmt::format("the names that count are {}", fmt::join(known_names, ", ")), ExitCode::done};
}

/// Empty if only the owner may read it, or if this user may not even ask.
std::vector<CheckLine> permission_line(const std::string& file) {
  std::error_code error;
  const files::perms mode = files::status(file, error).permissions();
  if (error || mode == files::perms::unknown) return {};
  constexpr auto others = files::perms::group_all | files::perms::others_all;
  if ((mode & others) == files::perms::none) return {};
  const bool everybody = (mode & files::perms::others_all) != files::perms::none;
  return {{"secret file",
           CheckResult::warning,
           fmt::format("{} has mode {:03o}: {} may use it", file, static_cast<unsigned>(mode & files::perms::mask),
                       everybody ? "everybody" : "its group"),
           "chmod 600 " + file,
           {}}};
}

}  // namespace

std::vector<CheckLine> check_credentials(const Config& config, const std::map<std::string, std::string>& environment,
                                         const std::string& source) {
  std::vector<CheckLine> lines{given_line(environment)};
  std::vector<std::string> secrets{config.api_key_file, config.database_password_file, config.webhook_secret_file};
  std::error_code may_not_look;
  if (files::is_directory(source, may_not_look)) {
    for (const files::path& file : files_in(source, may_not_look)) secrets.push_back(file.string());
  }
  std::ranges::sort(secrets);
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
  for (const std::string& file : secrets) {
    if (file.empty()) continue;
    const auto found = permission_line(file);
    lines.insert(lines.end(), found.begin(), found.end());
  }
  return lines;
}

}  // namespace mirror::app
