#pragma once

#include <chrono>
#include <optional>
#include <string>

/// What systemd hears from the daemon. Harmless where there is no systemd. Thread-safe.
namespace mirror::app::systemd {

/// Configuration is valid and the listeners are open; the first pass need not be done.
void ready(const std::string& status);
void status(const std::string& text);
/// Followed by ready() when the reload is done.
void reloading();
void stopping();
void alive();

/// How long systemd waits for alive() before it restarts the daemon; empty if it does not watch this process.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace mirror::app::systemd
