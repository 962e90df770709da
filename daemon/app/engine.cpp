#include "app/engine.hpp"

#include <algorithm>
#include <cstdlib>

#include "api/api_client.hpp"
#include "app/api_samples.hpp"
#include "support/error.hpp"
#include "sync/engine.hpp"
#include "sync/snapshot_progress.hpp"

namespace mirror::app {
namespace {

/// A pass that the daemon made for us has not passed over our own status board.
void show(const sync::StreamResult& result, sync::StatusBoard& board) {
  board.update(result.stream, [&](sync::StreamProgress& progress) {
    progress.phase = "idle";
    if (!result.snapshot) {
      progress.certificate = "failed: " + result.error;
      return;
    }
    sync::show_counts(result.snapshot->counts, progress);
    progress.certificate = sync::certificate_of(*result.snapshot);
  });
}

/// daemon/sync behind the seam of this folder.
class MirrorEngine final : public Engine {
 public:
  MirrorEngine(const Config& config, sync::StatusBoard& board, Clock& clock)
      : board_(board),
        client_(api::make_api_client(config.api, clock)),
        workos_(client_),
        engine_(config.database, config.sync, workos_, clock, board) {}

  void run(const std::stop_token& stop, sync::HopelessStart hopeless) override { engine_.run(stop, hopeless); }

  void sync_once(const std::stop_token& stop) override {
    const auto results = engine_.sync(stop);
    for (const auto& result : results) show(result, board_);
    const bool nothing_done =
        std::ranges::none_of(results, [](const auto& result) { return result.snapshot.has_value(); });
    if (nothing_done && !results.empty()) {
      const auto& first = results.front();
      throw Error(first.fault, first.error, first.next_step);
    }
  }

  HoldOutcome decide_hold(int id, HoldDecision decision, const std::stop_token& stop) override {
    const auto outcome = decision == HoldDecision::approve ? engine_.approve(id, decided_by(), stop)
                                                           : engine_.discard(id, decided_by(), stop);
    return {outcome.deleted, outcome.kept};
  }

  db::Erasure erase(const std::string& user, bool is_live_allowed, const std::stop_token& stop) override {
    return engine_.erase(user, decided_by(), is_live_allowed, stop);
  }

  void apply(const Config& config) override { engine_.reconfigure(config.sync); }

  sync::ReplayOutcome retry_events(const std::stop_token& stop) override { return engine_.retry_events(stop); }
  sync::ReplayOutcome replay_events(Instant since, const std::stop_token& stop) override {
    return engine_.replay_events(since, stop);
  }
  void restart_tail(const std::stop_token& stop) override { engine_.restart_tail(stop); }

  sync::Delivery deliver(std::string_view body) override { return engine_.deliver(body); }

  [[nodiscard]] std::optional<Instant> api_time() const override { return client_->server_time(); }

  [[nodiscard]] std::vector<http::Sample> samples() const override {
    auto samples = api_samples(client_->statistics());
    samples.push_back({"writer_queue_jobs",
                       "Pages, events and other jobs that wait for the next transaction.",
                       http::Sample::Kind::gauge,
                       {},
                       static_cast<double>(engine_.queued_jobs())});
    return samples;
  }

 private:
  /// Who takes the responsibility, as far as the operating system knows.
  static std::string decided_by() {
    for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
      if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') return name;
    }
    return "unknown";
  }

  sync::StatusBoard& board_;
  std::shared_ptr<api::ApiClient> client_;
  sync::WorkosApi workos_;
  sync::Engine engine_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(const Config& config, sync::StatusBoard& board, Clock& clock) {
  return std::make_unique<MirrorEngine>(config, board, clock);
}

}  // namespace mirror::app
