#include "app/check_credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>

namespace mirror::app {
namespace {

namespace files = std::filesystem;

/// How files of a directory arrive that is given by `LoadCredential=credentials:DIRECTORY`.
constexpr std::string_view prefix = "credentials_";

/// In the order of their names; empty as well if the directory can't be read, then `error` says why.
std::vector<files::path> files_in(const files::path& directory, std::error_code& error) {
  std::vector<files::path> found;
  for (const auto& entry : files::directory_iterator(directory, error)) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

/// The names that count: of several environments each has a key and a webhook secret of its own.
std::vector<std::string> known_names(const Config& config) {
  std::vector<std::string> names;
  for (const char* name : {"api_key", "workos_webhook_secret"}) {
    if (config.environments.empty()) names.emplace_back(name);
    for (const Config& each : config.environments) names.push_back(fmt::format("{}.{}", name, each.sync.environment));
  }
  names.emplace_back("database_password");
  return names;
}

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return std::ranges::find(names, name) != names.end();
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

CheckLine given_line(const Config& config, const std::map<std::string, std::string>& environment) {
  const auto place = environment.find("CREDENTIALS_DIRECTORY");
  if (place == environment.end() || place->second.empty()) {
    return {"credentials", CheckResult::ok, "none from systemd, this is no service of its", "", {}};
  }
  const std::vector<std::string> names = known_names(config);
  std::error_code error;
  std::vector<std::string> known;
  std::vector<std::string> unknown;
  for (const files::path& file : files_in(place->second, error)) {
    const std::string name = file.filename().string();
    (is_among(names, name) ? known : unknown).push_back(name);
  }
  if (error) {
    return {"credentials", CheckResult::failed, fmt::format("{} can't be read: {}", place->second, error.message()),
            "start it by systemd, which makes this directory for the service's user, or unset CREDENTIALS_DIRECTORY",
            ExitCode::misconfigured};
  }
  const std::string found = known.empty() ? "systemd gave none" : "systemd gave " + joined(known);
  if (unknown.empty()) return {"credentials", CheckResult::ok, found, "", {}};
  return {"credentials", CheckResult::warning, fmt::format("{}; not used: {}", found, joined(unknown)),
          "the names that count are " + joined(names), ExitCode::done};
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

std::vector<std::string> secret_files(const Config& config) {
  return {config.api_key_file, config.database_password_file, config.webhook_secret_file};
}

}  // namespace

std::vector<CheckLine> check_credentials(const Config& config, const std::map<std::string, std::string>& environment,
                                         const std::string& source) {
  std::vector<CheckLine> lines{given_line(config, environment)};
  std::vector<std::string> secrets = secret_files(config);
  for (const Config& each : config.environments) std::ranges::copy(secret_files(each), std::back_inserter(secrets));
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
