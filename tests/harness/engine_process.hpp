#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>

#include "api/api_client.hpp"
#include "support/clock.hpp"
#include "support/error.hpp"
#include "sync/engine.hpp"
#include "tests/harness/mirror_fixture.hpp"

namespace mirror::harness {

/// What one process of the daemon has, inside the test's process: API client, status board, engine, and with it an
/// instance that takes the lease. Several on one database are several daemons. Stopped in the destructor.
class EngineProcess {
 public:
  EngineProcess(const db::DatabaseOptions& database, const sync::SyncOptions& options, const api::ApiOptions& api);
  explicit EngineProcess(const MirrorFixture& mirror)
      : EngineProcess(mirror.database.options(), mirror.options, mirror.api_options) {}
  ~EngineProcess();
  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;

  /// Runs the daemon on a thread of its own.
  void start();
  /// Requests the daemon's stop and waits for its end; returns how long that took.
  std::chrono::milliseconds stop();
  /// The daemon ended, asked or not.
  [[nodiscard]] bool has_ended() const { return ended_; }
  /// What ended the daemon, if it ended by an Error. Call after stop().
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  /// For commands: a pass, a decision about a hold.
  [[nodiscard]] sync::Engine& engine() { return engine_; }
  [[nodiscard]] sync::StatusBoard& board() { return board_; }
  /// The finding of that code and, if given, subject.
  [[nodiscard]] std::optional<sync::Finding> finding(std::string_view code, std::string_view subject = {}) const;
  [[nodiscard]] bool is(sync::Role role) const { return board_.role() == role; }

 private:
  SystemClock clock_;
  sync::StatusBoard board_;
  std::shared_ptr<api::ApiClient> client_;
  sync::WorkosApi workos_;
  sync::Engine engine_;
  std::optional<Error> failure_;
  std::atomic<bool> ended_{false};
  std::jthread thread_;
};

/// The token of commands that nothing interrupts.
inline std::stop_token never_stopped() {
  return {};
}

}  // namespace mirror::harness
