#pragma once

#include <chrono>
#include <string>

#include "tests/simulator/seed.hpp"
#include "tests/simulator/webhook_options.hpp"

namespace mirror::simulator {

struct SimulatorOptions {
  SeedOptions directory;
  std::string api_key = "sk_test_simulator";
  std::chrono::milliseconds latency{0};           ///< before each answer
  std::size_t rate_limit = 0;                     ///< requests per second; 0: none
  bool retry_after = true;                        ///< whether its 429 says when to come back
  std::chrono::milliseconds visibility_delay{0};  ///< how long new events are held back from readers
  double churn = 0;                               ///< random changes per second
  bool gzip = false;                              ///< compress for clients that accept it
  std::chrono::milliseconds idle_limit{60'000};   ///< idle connections are closed after that
  WebhookOptions webhooks{};                      ///< sent from start on if they have an address
};

}  // namespace mirror::simulator
