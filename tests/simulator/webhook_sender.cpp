#include "tests/simulator/webhook_sender.hpp"

#include <algorithm>
#include <utility>

#include "tests/simulator/webhook_signing.hpp"

namespace mirror::simulator {
namespace {

constexpr std::int64_t microseconds_per_hour = 3'600 * microseconds_per_second;
constexpr int most_doublings = 20;

}  // namespace

void WebhookSender::configure(WebhookOptions options) {
  if (!options.url.empty()) parse_webhook_url(options.url);
  const bool was_running = running_;
  stop();
  {
    const std::lock_guard lock(mutex_);
    random_ = Random(options.seed);
    options_ = std::move(options);
    queue_.clear();
    counters_ = {};
    delivered_.clear();
  }
  if (was_running) start();
}

void WebhookSender::start() {
  running_ = true;
  const WebhookOptions options = this->options();
  if (options.url.empty()) return;
  for (std::size_t i = 0; i < std::max<std::size_t>(options.senders, 1); ++i) {
    senders_.emplace_back([this](const std::stop_token& stop) { send_from(stop); });
  }
}

void WebhookSender::stop() {
  running_ = false;
  for (std::jthread& sender : senders_) sender.request_stop();
  senders_.clear();
}

void WebhookSender::tell(std::string_view event) {
  const std::lock_guard lock(mutex_);
  if (options_.url.empty()) return;
  ++counters_.events;
  // Every event takes the same number of draws, so that changing one chance leaves the others' outcomes alone.
  const bool drop = random_.chance(options_.drop);
  const bool duplicate = random_.chance(options_.duplicate);
  const Spoil spoil = draw_spoil();
  const auto now = std::chrono::steady_clock::now() + options_.delay;
  const auto most = static_cast<std::uint64_t>(options_.reorder.count()) + 1;
  const auto first = now + std::chrono::milliseconds{random_.below(most)};
  const auto second = now + std::chrono::milliseconds{random_.below(most)};
  if (drop) {
    ++counters_.dropped;
    return;
  }
  if (spoil == Spoil::wrong_signature) ++counters_.wrong_signatures;
  if (spoil == Spoil::stale) ++counters_.stale;
  queue_.emplace(first, Delivery{std::string{event}, spoil, 0, {}});
  ++counters_.waiting;
  if (duplicate) {
    ++counters_.duplicated;
    queue_.emplace(second, Delivery{std::string{event}, Spoil::nothing, 0, {}});
    ++counters_.waiting;
  }
  changed_.notify_all();
}

WebhookOptions WebhookSender::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

WebhookCounters WebhookSender::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

std::vector<std::string> WebhookSender::delivered() const {
  const std::lock_guard lock(mutex_);
  return delivered_;
}

void WebhookSender::send_from(const std::stop_token& stop) {
  const WebhookOptions options = this->options();
  WebhookConnection connection(parse_webhook_url(options.url), options.timeout);
  Delivery delivery;
  while (take(stop, delivery)) {
    sign(delivery);
    const int status = connection.post(delivery.body, delivery.signature);
    conclude(std::move(delivery), status);
  }
}

/// False when the senders stop.
bool WebhookSender::take(const std::stop_token& stop, Delivery& delivery) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Time now = std::chrono::steady_clock::now();
    if (!queue_.empty() && queue_.begin()->first <= now) {
      delivery = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      ++counters_.sent;
      ++delivery.attempts;
      return true;
    }
    const Time next = queue_.empty() ? now + std::chrono::hours{1} : queue_.begin()->first;
    changed_.wait_until(lock, stop, next, [&] { return !queue_.empty() && queue_.begin()->first < next; });
  }
  return false;
}

void WebhookSender::sign(Delivery& delivery) const {
  if (!delivery.signature.empty()) return;
  const std::string secret = options().secret;
  const Instant now = now_();
  const bool first = delivery.attempts == 1;
  if (first && delivery.spoil == Spoil::wrong_signature) {
    delivery.signature = sign_webhook(secret + "?", now, delivery.body);
  } else if (first && delivery.spoil == Spoil::stale) {
    delivery.signature = sign_webhook(secret, {now.microseconds - microseconds_per_hour}, delivery.body);
  } else {
    delivery.signature = sign_webhook(secret, now, delivery.body);
  }
}

void WebhookSender::conclude(Delivery delivery, int status) {
  const std::lock_guard lock(mutex_);
  const bool delivered = status >= 200 && status < 300;
  if (delivered) {
    ++counters_.delivered;
    if (options_.remember) delivered_.push_back(std::move(delivery.body));
  } else if (status == 0) {
    ++counters_.unanswered;
  } else {
    ++counters_.refused[status];
  }
  if (!delivered && delivery.attempts <= options_.retries) {
    if (delivery.attempts == 1 && delivery.spoil != Spoil::nothing) delivery.signature.clear();
    const auto pause = options_.backoff * (1LL << std::min(delivery.attempts - 1, most_doublings));
    queue_.emplace(std::chrono::steady_clock::now() + pause, std::move(delivery));
    changed_.notify_all();
    return;
  }
  if (!delivered) ++counters_.given_up;
  --counters_.waiting;
}

WebhookSender::Spoil WebhookSender::draw_spoil() {
  const bool wrong = random_.chance(options_.wrong_signature);
  const bool stale = random_.chance(options_.stale);
  if (wrong) return Spoil::wrong_signature;
  return stale ? Spoil::stale : Spoil::nothing;
}

}  // namespace mirror::simulator
