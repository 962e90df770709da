#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "app/engine.hpp"
#include "http/environment_view.hpp"
#include "http/webhook_handler.hpp"
#include "support/error.hpp"

namespace mirror::app {

/// All that the daemon has once per environment: engine (with its API client, limiter, lease and writer), status board,
/// health, webhooks. Two of them share nothing but the process, the HTTP server and the database.
class MirroredEnvironment {
 public:
  /// `config` is complete, as wanted_environments() returns it. Connects to nothing yet.
  MirroredEnvironment(const Config& config, const EngineFactory& make, Clock& clock);

  /// The engine's work, until a stop is requested; throws Error for what ends the process.
  void run(const std::stop_token& stop);
  /// The same beside other environments: whatever happens ends this one only, and it is tried again. Without an API key
  /// it takes no lease, as another daemon may have the key; that is a finding until a restart.
  void run_beside_others(const std::stop_token& stop) noexcept;
  void note_stopping() { board_.set_role(sync::Role::stopping); }

  /// Options after a reload. Called by another thread than run().
  void apply(const Config& config);

  /// Adds /webhooks/workos/NAME, and for the only one /webhooks/workos.
  void add_webhooks(http::Routes& routes, bool is_only_one);
  [[nodiscard]] bool has_webhook_secret() const { return webhooks_.has_secret(); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const sync::StatusBoard& board() const { return board_; }
  [[nodiscard]] http::EnvironmentView view() const;

 private:
  [[nodiscard]] Instant best_known_time() const;
  [[nodiscard]] std::vector<http::Sample> samples() const;

  const std::string name_;
  const std::optional<Error> lack_of_key_;
  Clock& clock_;
  sync::StatusBoard board_;
  const std::unique_ptr<Engine> engine_;
  http::Health health_;
  http::WebhookHandler webhooks_;
};

}  // namespace mirror::app
