#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mirror::simulator {

/// Where and how webhooks are sent. Chances are per event, from 0 to 1.
struct WebhookOptions {
  std::string url;  ///< http://127.0.0.1:PORT/PATH; empty: none are sent
  std::string secret = "whsec_simulator";
  std::size_t senders = 4;                  ///< connections that send side by side, each kept open
  double drop = 0;                          ///< never sent
  double duplicate = 0;                     ///< sent twice
  double wrong_signature = 0;               ///< the first attempt is signed with another secret
  double stale = 0;                         ///< the first attempt is signed for an hour ago
  std::chrono::milliseconds delay{0};       ///< before the first attempt
  std::chrono::milliseconds reorder{0};     ///< a random time up to this is added, so that later events overtake
  int retries = 3;                          ///< further attempts after an answer that is not 2xx, or none
  std::chrono::milliseconds backoff{100};   ///< before the first retry; doubles with each
  std::chrono::milliseconds timeout{5000};  ///< for an answer
  std::uint64_t seed = 1;
  bool remember = false;  ///< keep the bodies that were delivered, for Simulator::delivered_webhooks()
};

}  // namespace mirror::simulator
