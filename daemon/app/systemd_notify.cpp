#include "app/systemd_notify.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace mirror::app::systemd {

void ready(const std::string& status) {
  sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str());
}

void status(const std::string& text) {
  sd_notifyf(0, "STATUS=%s", text.c_str());
}

void reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(microseconds));
}

void stopping() {
  sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void alive() {
  sd_notify(0, "WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds{static_cast<std::int64_t>(microseconds)};
}

}  // namespace mirror::app::systemd
