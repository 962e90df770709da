#pragma once

#include <stop_token>

#include "app/command.hpp"
#include "app/signals.hpp"
#include "support/clock.hpp"
#include "support/log.hpp"

namespace mirror::app {

/// What a command needs that speaks to WorkOS: configuration with a key, clock, and signals that stop it. Made before
/// any other thread. Used by one thread.
class CommandSession {
 public:
  /// Throws Error (misconfigured), also without an API key.
  explicit CommandSession(const Invocation& invocation)
      : config(load(invocation)), signals_(stop_, [] { log::warn("this command does not reload"); }) {}

  const Config config;
  SystemClock clock;

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
