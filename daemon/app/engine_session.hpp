#pragma once

#include <memory>

#include "app/command.hpp"
#include "app/engine.hpp"
#include "app/signals.hpp"

namespace mirror::app {

/// What a command needs that works on the mirror by itself or through the daemon: configuration, engine, and signals
/// that stop it. Made before any other thread. Used by one thread.
class EngineSession {
 public:
  /// Throws Error (misconfigured), also without an API key.
  explicit EngineSession(const Invocation& invocation)
      : config(load(invocation)),
        board(clock),
        engine(make_engine(config, board, clock)),
        signals_(stop_, [] { log::warn("this command does not reload"); }) {}

  const Config config;
  SystemClock clock;
  sync::StatusBoard board;
  const std::unique_ptr<Engine> engine;

  [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }

 private:
  static Config load(const Invocation& invocation) {
    Config config = invocation.load();
    require_api_key(config);
    block_signals();
    return config;
  }

  std::stop_source stop_;
  const SignalThread signals_;
};

}  // namespace mirror::app
