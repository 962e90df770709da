#include "sync/environment_guard.hpp"

#include <fmt/core.h>

#include "api/api_error.hpp"
#include "model/streams.hpp"
#include "support/log.hpp"

namespace mirror::sync {
namespace {

/// Newest and oldest objects of each table to ask for.
constexpr int samples = 3;

enum class Answer { exists, gone, unreadable };

/// Whether the object exists at the API; unreadable if the key may not read its kind.
Answer ask(const api::DirectoryApi& api, const TableSpec& table, const std::string& id, const std::stop_token& stop) {
  try {
    return api.get(table, id, api::Lane::confirm, stop).found ? Answer::exists : Answer::gone;
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

EnvironmentSample take_environment_sample(db::Transaction& transaction, const db::MirrorTables& tables) {
  EnvironmentSample taken;
  for (const auto* stream : all_streams()) {
    taken.emplace_back(stream->table, tables.rows(*stream->table).sample_ids(transaction, samples));
  }
  return taken;
}

void require_same_environment(const MirrorSession& session, const std::stop_token& stop) {
  EnvironmentSample sample;
  session.writer.run([&](WriteSession& write) { sample = take_environment_sample(write.transaction, write.tables); },
                     stop);
  require_same_environment(session.api, sample, session.options().environment, stop);
}

void require_same_environment(const api::DirectoryApi& api, const EnvironmentSample& sample,
                              const std::string& environment, const std::stop_token& stop) {
  int asked = 0;
  std::string unreadable;
  for (const auto& [table, ids] : sample) {
    for (const auto& id : ids) {
      const auto answer = ask(api, *table, id, stop);
      if (answer == Answer::exists) return;
      if (answer == Answer::unreadable) {
        unreadable += (unreadable.empty() ? "" : ", ") + std::string(table->name);
        break;
      }
      ++asked;
    }
  }
  if (asked == 0 && unreadable.empty()) return;
  if (asked == 0) {
    throw Error(Fault::refused,
                fmt::format("the API key may not read {}, which is all that the mirror of environment '{}' holds, so "
                            "nothing shows that it belongs to that environment. Nothing was written",
                            unreadable, environment),
                "give the key the permission to read them, or the daemon another key of the same environment");
  }
  throw Error(Fault::misconfigured,
              fmt::format("none of {} objects that the mirror of environment '{}' holds exists at the API: the API key "
                          "belongs to another WorkOS environment. Nothing was written",
                          asked, environment),
              "give the daemon the key of the environment that it mirrored so far, or another database.schema (or "
              "environment name) for this one");
}

}  // namespace mirror::sync
