#include "tests/simulator/simulator.hpp"

#include <condition_variable>
#include <thread>

#include "tests/simulator/api.hpp"
#include "tests/simulator/changes.hpp"
#include "tests/simulator/control.hpp"
#include "tests/simulator/http_server.hpp"
#include "tests/simulator/webhook_control.hpp"
#include "tests/simulator/webhook_signing.hpp"

namespace mirror::simulator {

struct Simulator::Parts {
  Parts(Simulator& simulator, World& world, const SimulatorOptions& options)
      : api(world, options),
        server([&simulator](const Request& request) { return simulator.answer(request); }, options.idle_limit) {}

  Api api;
  HttpServer server;
  std::condition_variable_any changed;
  std::jthread churn;
};

Simulator::Simulator(SimulatorOptions options)
    : options_(std::move(options)),
      world_(options_.directory.seed),
      sender_([this] { return with([](World& world) { return world.clock.now(); }); }) {
  world_.store.events().set_visibility_delay(options_.visibility_delay);
  fill(world_.store, options_.directory);
  sender_.configure(options_.webhooks);
  world_.store.events().set_listener([this](const Event& event) { sender_.tell(event.text); });
  parts_ = std::make_unique<Parts>(*this, world_, options_);
}

Simulator::~Simulator() {
  stop();
}

void Simulator::start(int port) {
  parts_->server.start(port);
  sender_.start();
  if (options_.churn > 0) parts_->churn = std::jthread([this](const std::stop_token& token) { churn(token); });
}

void Simulator::stop() {
  parts_->churn = std::jthread{};
  parts_->server.stop();
  sender_.stop();
}

int Simulator::port() const {
  return parts_->server.port();
}

std::string Simulator::url() const {
  return "http://127.0.0.1:" + std::to_string(port());
}

Answer Simulator::answer(const Request& request) {
  if (request.path == "/_simulator/webhooks") {
    const std::lock_guard lock(webhook_control_);
    return control_webhooks(sender_, request);
  }
  const std::lock_guard lock(mutex_);
  if (request.path.starts_with("/_simulator/")) return control(world_, request);
  return parts_->api.answer(request);
}

std::vector<std::string> Simulator::truth(std::string_view table, View view) {
  return with([&](World& world) {
    world.store.expire_due_invitations();
    return world.store.truth(table, view);
  });
}

int Simulator::arm(const FaultOrder& order) {
  return with([&](World& world) { return world.faults.arm(order); });
}

void Simulator::clear_faults() {
  with([](World& world) { world.faults.clear(); });
}

std::size_t Simulator::fired(std::string_view fault) {
  return with([&](World& world) { return world.faults.fired(fault); });
}

void Simulator::send_webhooks(const WebhookOptions& options) {
  const std::lock_guard lock(webhook_control_);
  sender_.configure(options);
}

std::string Simulator::sign(std::string_view body) {
  const Instant now = with([](World& world) { return world.clock.now(); });
  return sign_webhook(sender_.options().secret, now, body);
}

void Simulator::churn(const std::stop_token& stop) {
  Changes changes(world_.store, options_.directory.seed + 99);
  const auto pause = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(1.0 / options_.churn));
  auto next = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changes.one_of_a_day();
    next += pause;
    parts_->changed.wait_until(lock, stop, next, [] { return false; });
  }
}

}  // namespace mirror::simulator
