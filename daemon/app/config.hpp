#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/api_options.hpp"
#include "app/reconcile_options.hpp"
#include "db/database_options.hpp"
#include "http/http_options.hpp"
#include "http/webhook_options.hpp"
#include "support/log.hpp"
#include "sync/sync_options.hpp"

namespace mirror::app {

struct LogOptions {
  log::Level level = log::Level::info;
  log::Format format = log::Format::text;
};

/// A value that was set by somebody.
struct GivenValue {
  std::string shown;  ///< as text; of what is or may hold a secret only that it is hidden
  std::string place;  ///< where, for a person: "/etc/x.toml:12", "WORKOS_BASE_URL", "--set", "credential api_key"
};

/// The whole configuration of one environment, with what belongs to the daemon; valid once load_config returned it.
/// Parts of the program receive their own section only.
struct Config {
  api::ApiOptions api;
  db::DatabaseOptions database;
  sync::SyncOptions sync;
  http::HttpOptions http;
  http::WebhookOptions webhook;
  ReconcileOptions reconcile;
  LogOptions log;

  std::string api_key_file;
  std::string database_password_file;
  std::string webhook_secret_file;
  std::map<std::string, GivenValue> given;  ///< what was set, by key
  std::vector<std::string> warnings;        ///< what is allowed but most likely not meant

  std::string section;               ///< "environments.staging." before the keys of one of several, else empty
  std::vector<Config> environments;  ///< all of [environments.*], each complete; empty: this is the only one
  std::string chosen_environment;    ///< --environment beside [environments.*]; empty: none was named
};

/// Where settings come from; a later source wins over an earlier one.
struct ConfigSources {
  static constexpr const char* default_file = "/etc/authkit-mirror/authkit-mirror.toml";

  std::optional<std::string> file;                 ///< empty: default_file, which may be missing
  std::map<std::string, std::string> environment;  ///< the process's environment variables
  std::vector<std::string> flags;                  ///< "key=value"
};

/// The names of `config.environments`, separated by commas.
std::string environment_names(const Config& config);

/// What a command is about: the environment that --environment names, else all; a single one is the whole `config`.
/// Throws Error (usage) if there is none of that name.
std::vector<Config> wanted_environments(const Config& config);

/// The same for a command that can be about one only: throws Error (usage), with the names, if none of several is
/// named.
Config wanted_environment(const Config& config);

/// The environment variables of this process.
std::map<std::string, std::string> process_environment();

/// Reads file, environment and flags, then secrets from files and systemd's credentials, and checks everything. What an
/// environment has of its own wins over what stands outside of [environments.*] in the same source. Throws
/// Error (misconfigured) that lists all problems at once, each with its place, key, value and what is allowed.
Config load_config(const ConfigSources& sources);

/// Throws Error (misconfigured) unless there is an API key: for commands that speak to WorkOS.
void require_api_key(const Config& config);

}  // namespace mirror::app
