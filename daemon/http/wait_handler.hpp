#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "db/database_options.hpp"
#include "http/handler.hpp"

namespace mirror::http {

/// GET /v1/wait: answers once the mirror shows an event's effects or an object's version, or its deletion. A waiter
/// holds a thread of the server and a session of the database, so only a few are let in and health always answers.
/// Thread-safe.
class WaitHandler {
 public:
  static constexpr std::string_view path = "/v1/wait";
  static constexpr int most_waiters = 6;
  static constexpr std::chrono::seconds usual_timeout{10};
  static constexpr std::chrono::seconds longest_timeout{60};

  using ReadDuration = std::function<std::optional<std::chrono::milliseconds>(std::string_view)>;

  /// Of several `environments` a request names one. `read_duration` reads a timeout as the configuration writes
  /// durations.
  WaitHandler(db::DatabaseOptions database, std::vector<std::string> environments, ReadDuration read_duration)
      : database_(std::move(database)),
        environments_(std::move(environments)),
        read_duration_(std::move(read_duration)) {}

  /// It must outlive the server.
  void add_route(Routes& routes);
  /// Sends the waiters away with 503, so that the server can stop; new ones too.
  void stop() { stop_.request_stop(); }

 private:
  Response answer(const Request& request);
  Response wait(const Request& request);

  const db::DatabaseOptions database_;
  const std::vector<std::string> environments_;
  const ReadDuration read_duration_;
  std::atomic<int> waiters_{0};
  std::stop_source stop_;
};

}  // namespace mirror::http
