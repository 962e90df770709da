#include "app/check_api.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <stop_token>

#include "api/api_options.hpp"
#include "api/directory_api.hpp"
#include "app/api_key.hpp"
#include "model/streams.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

/// Further apart than this, the log's times mislead; the mirror itself never trusts the host's clock.
constexpr std::int64_t tolerated_skew_seconds = 5;

/// What the checks of the streams find out on their way.
struct Findings {
  std::string organization;  ///< id of any organization, for lists that need one
  std::optional<Instant> answered_at;
  Instant host_time;
};

CheckLine check_stream(const api::DirectoryApi& directory, const StreamSpec& stream, Findings& findings,
                       const Clock& clock) {
  const std::string subject = "stream " + std::string{stream.name};
  api::ListQuery query;
  query.limit = 1;
  if (!stream.scope_column.empty()) {
    if (findings.organization.empty()) {
      return {subject, CheckResult::ok, "not asked: it is listed per organization, and there is none", "", {}};
    }
    query.scope = findings.organization;
  }
  try {
    const api::ListPage page = directory.list(stream, query, api::Lane::confirm, std::stop_token{});
    findings.answered_at = page.answered_at;
    findings.host_time = clock.wall();
    const bool is_scope = stream.name == organizations().name;
    if (is_scope && !page.listed.empty()) findings.organization = page.listed.front().id;
    return {subject, CheckResult::ok, page.listed.empty() ? "readable, empty" : "readable", "", {}};
  } catch (const Error& error) {
    return {subject, CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())};
  }
}

CheckLine clock_line(const Findings& findings) {
  const std::int64_t skew =
      (findings.host_time.microseconds - findings.answered_at->microseconds) / microseconds_per_second;
  if (std::llabs(skew) <= tolerated_skew_seconds)
    return {"clock", CheckResult::ok, "agrees with that of WorkOS", "", {}};
  return {"clock",
          CheckResult::warning,
          fmt::format("this host is {} s {} WorkOS", std::llabs(skew), skew > 0 ? "ahead of" : "behind"),
          "synchronise it (timedatectl set-ntp true): times in log and health are wrong until then",
          {}};
}

bool is_enabled(const sync::SyncOptions& options, std::string_view stream) {
  const auto place = options.streams.find(stream);
  return place == options.streams.end() || place->second.enabled;
}

}  // namespace

CheckLine check_key_form(const Config& config) {
  const std::string& key = config.api.key.expose();
  if (key.empty()) {
    return {"api key", CheckResult::failed,
            "there is none, and this command asks WorkOS itself, also beside a running daemon",
            where_api_key_goes(config) + "; OPERATING.md shows how to lend a command systemd's credentials",
            ExitCode::misconfigured};
  }
  const std::string from = "from " + config.given.at("api.key").place;
  if (key.starts_with("sk_")) return {"api key", CheckResult::ok, "looks like one, " + from, "", {}};
  return {"api key",
          CheckResult::warning,
          from + ", does not begin with sk_, as WorkOS keys do",
          "take the secret key from the WorkOS dashboard (API Keys), not the client id",
          {}};
}

std::vector<CheckLine> check_api(const api::DirectoryApi& directory, const sync::SyncOptions& options,
                                 const Clock& clock) {
  std::vector<CheckLine> lines;
  Findings findings;
  for (const StreamSpec* stream : all_streams()) {
    if (is_enabled(options, stream->name)) lines.push_back(check_stream(directory, *stream, findings, clock));
  }
  if (findings.answered_at) lines.push_back(clock_line(findings));
  return lines;
}

}  // namespace mirror::app
