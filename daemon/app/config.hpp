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

/// The whole configuration, valid once load_config returned it. Parts of the program receive their own section only.
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
};

/// Where settings come from; a later source wins over an earlier one.
struct ConfigSources {
  static constexpr const char* default_file = "/etc/authkit-mirror/authkit-mirror.toml";

  std::optional<std::string> file;                 ///< empty: default_file, which may be missing
  std::map<std::string, std::string> environment;  ///< the process's environment variables
  std::vector<std::string> flags;                  ///< "key=value"
};

/// The environment variables of this process.
std::map<std::string, std::string> process_environment();

/// Reads file, environment and flags, then secrets from files and systemd's credentials, and checks everything. Throws
/// Error (misconfigured) that lists all problems at once, each with its place, key, value and what is allowed.
Config load_config(const ConfigSources& sources);

/// Throws Error (misconfigured) unless there is an API key: for commands that speak to WorkOS.
void require_api_key(const Config& config);

}  // namespace mirror::app
