#include "support/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>

#include "support/json_text.hpp"
#include "support/line_budget.hpp"
#include "support/thread_label.hpp"

namespace mirror::log {
namespace {

/// The payload as a JSON string: spdlog's own %v does not escape quotes and line breaks.
class JsonPayload final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string text = json_string({message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonPayload>();
  }
};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::trace:
      return spdlog::level::trace;
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Formats are part of the program, so there are not many kinds.
LineBudget& budget() {
  static LineBudget lines(10, std::chrono::minutes{1});
  return lines;
}

}  // namespace

void configure(Level level, Format format) {
  auto logger = std::make_shared<spdlog::logger>("authkit-mirror", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  if (format == Format::json) {
    formatter->add_flag<JsonPayload>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","thread":%t,"message":%*})");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v");
  }
  logger->set_formatter(std::move(formatter));
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void set_level(Level level) {
  spdlog::set_level(to_spdlog(level));
}

void write(Level level, std::string_view line) {
  const std::string label = thread_label();
  if (!label.empty()) {
    spdlog::default_logger_raw()->log(to_spdlog(level), label + ": " + std::string{line});
    return;
  }
  spdlog::default_logger_raw()->log(to_spdlog(level), spdlog::string_view_t{line.data(), line.size()});
}

void write_sparingly(Level level, std::string_view kind, std::string line) {
  // Each label has a budget of its own: a noisy environment must not silence another one.
  const auto kept_back = budget().spend(thread_label().append(kind), std::chrono::steady_clock::now());
  if (!kept_back) return;
  if (*kept_back > 0) line += fmt::format(" ({} more like this were not logged)", *kept_back);
  write(level, line);
}

}  // namespace mirror::log
