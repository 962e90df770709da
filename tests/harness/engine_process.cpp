#include "tests/harness/engine_process.hpp"

namespace mirror::harness {

EngineProcess::EngineProcess(const db::DatabaseOptions& database, const sync::SyncOptions& options,
                             const api::ApiOptions& api)
    : board_(clock_),
      client_(api::make_api_client(api, clock_)),
      workos_(client_),
      engine_(database, options, workos_, clock_, board_) {}

EngineProcess::~EngineProcess() {
  stop();
}

void EngineProcess::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      engine_.run(stop);
    } catch (const Error& error) {
      failure_ = error;
    }
    ended_ = true;
  });
}

std::chrono::milliseconds EngineProcess::stop() {
  const auto began = std::chrono::steady_clock::now();
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

std::optional<sync::Finding> EngineProcess::finding(std::string_view code, std::string_view subject) const {
  for (auto& finding : board_.findings()) {
    if (finding.code == code && (subject.empty() || finding.subject == subject)) return finding;
  }
  return std::nullopt;
}

}  // namespace mirror::harness
