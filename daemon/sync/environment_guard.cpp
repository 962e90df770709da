#include "sync/environment_guard.hpp"

#include <fmt/core.h>

#include "api/api_error.hpp"
#include "model/streams.hpp"
#include "support/log.hpp"

namespace mirror::sync {
namespace {

/// Newest and oldest objects of each table to ask for. The old ones are unlikely to have been deleted by chance.
constexpr int samples = 3;

using Sample = std::pair<const TableSpec*, std::vector<std::string>>;

std::vector<Sample> take_samples(const MirrorSession& session, const std::stop_token& stop) {
  std::vector<Sample> taken;
  session.writer.run(
      [&](WriteSession& write) {
        for (const auto* stream : all_streams()) {
          taken.emplace_back(stream->table, write.tables.rows(*stream->table).sample_ids(write.transaction, samples));
        }
      },
      stop);
  return taken;
}

enum class Answer { exists, gone, unreadable };

/// Whether the object exists at the API; unreadable if the key may not read its kind.
Answer ask(const MirrorSession& session, const TableSpec& table, const std::string& id, const std::stop_token& stop) {
  try {
    return session.api.get(table, id, api::Lane::confirm, stop).found ? Answer::exists : Answer::gone;
  } catch (const api::ApiError& error) {
    if (error.status() != 403) throw EnvironmentUnknown(error);
    log::debug("{} can't be read to recognise the environment: {}", table.name, error.what());
    return Answer::unreadable;
  } catch (const Error& error) {
    if (error.fault() == Fault::bad_data) return Answer::exists;  // though undecodable
    if (error.fault() == Fault::unavailable) throw EnvironmentUnknown(error);
    throw;
  }
}

}  // namespace

void require_same_environment(const MirrorSession& session, const std::stop_token& stop) {
  int asked = 0;
  for (const auto& [table, ids] : take_samples(session, stop)) {
    for (const auto& id : ids) {
      const auto answer = ask(session, *table, id, stop);
      if (answer == Answer::exists) return;
      if (answer == Answer::unreadable) break;
      ++asked;
    }
  }
  if (asked == 0) return;
  throw Error(Fault::misconfigured,
              fmt::format("none of {} objects that the mirror of environment '{}' holds exists at the API: the API key "
                          "belongs to another WorkOS environment. Nothing was written",
                          asked, session.options().environment),
              "give the daemon the key of the environment that it mirrored so far, or another database.schema (or "
              "environment name) for this one");
}

}  // namespace mirror::sync
