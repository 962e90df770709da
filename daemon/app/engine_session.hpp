#pragma once

#include <memory>
#include <utility>

#include "app/command_session.hpp"
#include "app/engine.hpp"

namespace mirror::app {

/// What a command needs that works on the mirror by itself or through the daemon. Made before any other thread. Used by
/// one thread.
class EngineSession : public CommandSession {
 public:
  /// As a CommandSession. Without an API key the engine does only what a running daemon does for it.
  explicit EngineSession(const Invocation& invocation) : EngineSession(invocation.load()) {}
  explicit EngineSession(Config of_environment)
      : CommandSession(std::move(of_environment), KeyNeed::perhaps),
        board(clock),
        engine(make_engine(config, board, clock)) {}

  sync::StatusBoard board;
  const std::unique_ptr<Engine> engine;
};

}  // namespace mirror::app
