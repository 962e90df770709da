#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/mirror_overview.hpp"
#include "http/health_report.hpp"
#include "sync/sync_options.hpp"

namespace mirror::app {

/// What `authkit-mirror status` shows. A plain value.
struct MirrorStatus {
  http::HealthReport::State state = http::HealthReport::State::ok;
  std::vector<sync::Finding> findings;
  db::MirrorOverview overview;
  std::optional<std::string> daemon_health;  ///< /healthz of a running daemon, JSON
};

/// Judges what the database says, and adds what a running daemon says about itself.
MirrorStatus judge_mirror(db::MirrorOverview overview, const sync::SyncOptions& options,
                          std::optional<std::string> daemon_health);

struct EnvironmentStatus {
  std::string environment;
  MirrorStatus status;
};

/// The worst of all, at least one.
http::HealthReport::State worst_state(const std::vector<EnvironmentStatus>& all);

/// For people, for machines, and one line for Nagios. Of several environments each is told with its name.
std::string to_table(const std::vector<EnvironmentStatus>& all);
std::string to_json(const std::vector<EnvironmentStatus>& all);
std::string to_nagios(const std::vector<EnvironmentStatus>& all);

}  // namespace mirror::app
