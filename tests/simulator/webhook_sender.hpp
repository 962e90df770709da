#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/instant.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/webhook_connection.hpp"
#include "tests/simulator/webhook_options.hpp"

namespace mirror::simulator {

/// What became of the webhooks since they were set up.
struct WebhookCounters {
  std::size_t events = 0;              ///< told of
  std::size_t dropped = 0;             ///< never sent, by chance
  std::size_t duplicated = 0;          ///< sent once more, by chance
  std::size_t wrong_signatures = 0;    ///< signed wrongly, by chance
  std::size_t stale = 0;               ///< signed for an hour ago, by chance
  std::size_t sent = 0;                ///< attempts
  std::size_t delivered = 0;           ///< answered with 2xx
  std::size_t unanswered = 0;          ///< attempts without an answer
  std::map<int, std::size_t> refused;  ///< attempts by another status
  std::size_t given_up = 0;            ///< after the last retry
  std::size_t waiting = 0;             ///< to be sent, or on their way now
};

/// Sends each event of the log to one endpoint, from threads of its own. What happens to an event is drawn when it is
/// told, in the log's order, so that a seed repeats it; only the interleaving of the senders is left to the machine.
/// A retry repeats the first signature, as the official emulator does, unless that one was spoiled on purpose.
/// Thread-safe; configure, start and stop for one thread at a time, which must not hold what `now` waits for.
class WebhookSender {
 public:
  /// `now` is the time to sign with; called by the senders.
  explicit WebhookSender(std::function<Instant()> now) : now_(std::move(now)) {}
  ~WebhookSender() { stop(); }
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;

  /// Forgets what waits and all counters. Throws Error (usage) for an address that is not of this machine.
  void configure(WebhookOptions options);
  void start();
  /// What waits stays until the next start.
  void stop();

  /// Never blocks for long: the caller holds the directory's lock.
  void tell(std::string_view event);
  [[nodiscard]] WebhookOptions options() const;
  [[nodiscard]] WebhookCounters counters() const;
  /// Bodies answered with 2xx, in the order of the answers; only with WebhookOptions::remember.
  [[nodiscard]] std::vector<std::string> delivered() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Spoil { nothing, wrong_signature, stale };

  struct Delivery {
    std::string body;
    Spoil spoil = Spoil::nothing;
    int attempts = 0;
    std::string signature;  ///< of the first attempt
  };

  void send_from(const std::stop_token& stop);
  [[nodiscard]] bool take(const std::stop_token& stop, Delivery& delivery);
  void sign(Delivery& delivery) const;
  void conclude(Delivery delivery, int status);
  Spoil draw_spoil();

  const std::function<Instant()> now_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  WebhookOptions options_;
  Random random_{1};
  std::multimap<Time, Delivery> queue_;
  WebhookCounters counters_;
  std::vector<std::string> delivered_;
  std::vector<std::jthread> senders_;
  bool running_ = false;
};

}  // namespace mirror::simulator
