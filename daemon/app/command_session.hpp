#pragma once

#include <stop_token>
#include <utility>

#include "app/command.hpp"
#include "app/signals.hpp"
#include "support/clock.hpp"
#include "support/log.hpp"

namespace mirror::app {

/// Whether a command can do without an API key: because a daemon may do the work, or the operation shows none.
enum class KeyNeed { always, perhaps };

/// What a command needs that speaks to WorkOS: configuration, clock, and signals that stop it. Made before any other
/// thread. Used by one thread.
class CommandSession {
 public:
  /// Of the one environment that the command is about. Throws Error (usage, misconfigured), also if a key is always
  /// needed and there is none.
  explicit CommandSession(const Invocation& invocation, KeyNeed need = KeyNeed::always)
      : CommandSession(invocation.load(), need) {}
  explicit CommandSession(Config of_environment, KeyNeed need = KeyNeed::always)
      : config(checked(std::move(of_environment), need)),
        signals_(stop_, [] { log::warn("this command does not reload"); }) {}

  const Config config;
  SystemClock clock;

  [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }

 private:
  static Config checked(Config config, KeyNeed need) {
    if (need == KeyNeed::always) require_api_key(config);
    block_signals();
    return config;
  }

  std::stop_source stop_;
  const SignalThread signals_;
};

}  // namespace mirror::app
