#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

/// The daemon's log. A thin door in front of spdlog, so that only log.cpp pays for compiling it. Lines name objects by
/// id only, never by email or name, and never hold a secret. Of warnings and errors made from one format ten a minute
/// are said, and the next one tells how many were not. Lines of a thread with a label (support/thread_label) begin with
/// it. Thread-safe.
namespace mirror::log {

enum class Level { trace, debug, info, warning, error };
enum class Format { text, json };

/// Sends lines to stderr from now on; journald or a terminal adds the rest.
void configure(Level level, Format format);
void set_level(Level level);
void write(Level level, std::string_view line);
/// For lines that may come all the time; `kind` is what they have in common.
void write_sparingly(Level level, std::string_view kind, std::string line);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  const fmt::string_view kind = format;
  write_sparingly(Level::warning, {kind.data(), kind.size()}, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  const fmt::string_view kind = format;
  write_sparingly(Level::error, {kind.data(), kind.size()}, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mirror::log
