#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulator/simulator_options.hpp"
#include "tests/simulator/webhook_sender.hpp"
#include "tests/simulator/world.hpp"

namespace mirror::simulator {

/// A WorkOS environment on a port of this machine: the API, its faults, and a directory that can be changed and looked
/// at from a test:
///
///     Simulator workos({.directory = {.users = 250}});
///     workos.start();
///     workos.arm({.name = "429-seconds", .target = "users", .count = 2});
///     ... let the daemon mirror workos.url() with the key workos.options().api_key ...
///     REQUIRE(workos.fired("429-seconds") == 2);
///     for (const std::string& user : workos.truth("users")) ...   // JSON as the API lists it
///     workos.with([](World& world) { world.store.erase(Kind::users, "user_..."); });
///     workos.with([](World& world) { world.clock.advance(8h * 24); });
///
/// All members but start and stop are thread-safe. `with` holds the lock that every request takes, so that what it does
/// is one step for the API's clients; don't keep what it points to.
class Simulator {
 public:
  /// Makes the directory. Does not listen yet.
  explicit Simulator(SimulatorOptions options = {});
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  /// Port 0 picks a free one. Throws Error (unavailable) if the port is taken.
  void start(int port = 0);
  /// Ends all connections; the directory stays and start may follow. The port is then another unless it is given.
  void stop();
  /// "http://127.0.0.1:40123"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const;
  [[nodiscard]] const SimulatorOptions& options() const { return options_; }

  /// The answer to a request without a socket.
  Answer answer(const Request& request);

  template <typename Action>
  auto with(Action&& action) {
    const std::lock_guard lock(mutex_);
    return std::forward<Action>(action)(world_);
  }

  /// All current objects of a table ("organization_domains" too) as the API shows them, in list order.
  [[nodiscard]] std::vector<std::string> truth(std::string_view table, View view = View::served);
  /// Returns the fault's number. Throws Error (usage) for an unknown fault.
  int arm(const FaultOrder& order);
  void clear_faults();
  [[nodiscard]] std::size_t fired(std::string_view fault);

  /// From now on each new event is sent so; what waits and the counters are forgotten. Not inside `with`.
  void send_webhooks(const WebhookOptions& options);
  [[nodiscard]] WebhookCounters webhooks() const { return sender_.counters(); }
  /// Bodies answered with 2xx; only with WebhookOptions::remember.
  [[nodiscard]] std::vector<std::string> delivered_webhooks() const { return sender_.delivered(); }
  /// The `WorkOS-Signature` of a body that is sent now.
  [[nodiscard]] std::string sign(std::string_view body);

 private:
  void churn(const std::stop_token& stop);

  const SimulatorOptions options_;
  std::mutex mutex_;
  World world_;
  WebhookSender sender_;
  std::mutex webhook_control_;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mirror::simulator
