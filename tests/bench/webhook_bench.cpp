#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "support/clock.hpp"
#include "tests/bench/bench_site.hpp"
#include "tests/bench/event_scenarios.hpp"
#include "tests/bench/keep_alive.hpp"
#include "tests/bench/quantile.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/simulator/objects.hpp"
#include "tests/simulator/webhook_signing.hpp"

namespace mirror::bench {
namespace {

using Json = nlohmann::ordered_json;
using Steady = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t connections_per_thread = 8;

std::vector<Json> read_users(const BenchSource& source, std::size_t count) {
  KeepAlive connection(source.port());
  std::istringstream lines(ask(connection, "GET", fmt::format("/_simulator/truth/users?limit={}", count)));
  std::vector<Json> users;
  for (std::string line; std::getline(lines, line);) users.push_back(Json::parse(line));
  return users;
}

/// Whole requests, signed: updates of one user after another, each newer than all before.
std::vector<std::string> prepare(std::vector<Json>& users, std::size_t count, std::size_t first_number) {
  std::vector<std::string> requests;
  const Instant now = SystemClock().wall();
  for (std::size_t i = 0; i < count; ++i) {
    Json& user = users[i % users.size()];
    const std::string at = to_string(Instant{now.microseconds + static_cast<std::int64_t>(i)});
    user["updated_at"] = at;
    user["first_name"] = fmt::format("Ann{}", first_number + i);
    const std::string body = Json{
        {"object", "event"},
        {"id", fmt::format("event_BENCH{:020}", first_number + i)},
        {"event", "user.updated"},
        {"data", simulator::event_form(simulator::Kind::users, user)},
        {"created_at", at}}.dump();
    requests.push_back(
        fmt::format("POST /webhooks/workos HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                    "\r\nContent-Length: {}\r\nWorkOS-Signature: {}\r\n\r\n{}",
                    body.size(), simulator::sign_webhook(BenchMirror::webhook_secret, now, body), body));
  }
  return requests;
}

/// Some of the senders, each with one request on its way at a time.
class Senders {
 public:
  Senders(int port, std::size_t count, const std::vector<std::string>& requests, std::atomic<std::size_t>& next)
      : requests_(requests), next_(next) {
    for (std::size_t i = 0; i < count; ++i) connections_.push_back(std::make_unique<KeepAlive>(port));
    sent_at_.resize(count);
  }

  void run() {
    try {
      std::vector<pollfd> waiting;
      for (std::size_t i = 0; i < connections_.size(); ++i) {
        waiting.push_back({connections_[i]->descriptor(), POLLIN, 0});
        send_next(i, waiting[i]);
      }
      while (under_way_ > 0) {
        ::poll(waiting.data(), waiting.size(), -1);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
          if (waiting[i].fd >= 0 && waiting[i].revents != 0 && connections_[i]->receive()) note(i, waiting[i]);
        }
      }
    } catch (...) {
      failure = std::current_exception();
    }
  }

  std::vector<double> latencies;  ///< milliseconds
  std::exception_ptr failure;

 private:
  void send_next(std::size_t connection, pollfd& waiting) {
    const std::size_t number = next_++;
    if (number >= requests_.size()) {
      waiting.fd = -1;
      return;
    }
    sent_at_[connection] = Steady::now();
    connections_[connection]->send(requests_[number]);
    waiting.fd = connections_[connection]->descriptor();
    ++under_way_;
  }

  void note(std::size_t connection, pollfd& waiting) {
    latencies.push_back(Milliseconds(Steady::now() - sent_at_[connection]).count());
    --under_way_;
    if (connections_[connection]->status() != 200) throw std::runtime_error(connections_[connection]->body());
    send_next(connection, waiting);
  }

  const std::vector<std::string>& requests_;
  std::atomic<std::size_t>& next_;
  std::vector<std::unique_ptr<KeepAlive>> connections_;
  std::vector<Steady::time_point> sent_at_;
  std::size_t under_way_ = 0;
};

/// Returns the latencies in milliseconds, and the seconds that it took in all.
std::pair<std::vector<double>, double> deliver(int port, std::size_t senders,
                                               const std::vector<std::string>& requests) {
  std::atomic<std::size_t> next{0};
  std::vector<std::unique_ptr<Senders>> groups;
  for (std::size_t made = 0; made < senders; made += connections_per_thread) {
    groups.push_back(std::make_unique<Senders>(port, std::min(connections_per_thread, senders - made), requests, next));
  }
  const auto began = Steady::now();
  std::vector<std::jthread> threads;
  for (auto& group : groups) threads.emplace_back([&group] { group->run(); });
  threads.clear();
  const std::chrono::duration<double> time = Steady::now() - began;
  std::vector<double> latencies;
  for (const auto& group : groups) {
    if (group->failure) std::rethrow_exception(group->failure);
    latencies.insert(latencies.end(), group->latencies.begin(), group->latencies.end());
  }
  return {std::move(latencies), time.count()};
}

void await_writer(BenchMirror& mirror, int port, const std::string& request) {
  const auto is_taken = [&] {
    KeepAlive connection(port);
    connection.send(request);
    while (!connection.receive()) continue;
    return connection.status() == 200;
  };
  if (!harness::wait_until(is_taken)) throw std::runtime_error("no webhook is taken");
  mirror.settle();
}

void measure_round(Results& results, const BenchSource& source, const EventSizes& sizes) {
  BenchMirror mirror(source);
  mirror.sync({"organizations", "users", "organization_memberships", "invitations"});
  auto users = read_users(source, sizes.users);
  const auto alone = prepare(users, sizes.alone, 1);
  const auto together = prepare(users, sizes.deliveries, sizes.alone + 1);
  const auto daemon = mirror.start_daemon({"webhook.tolerance=1h"});
  const int port = daemon->port();
  await_writer(mirror, port, prepare(users, 1, 0).front());

  const CostMeter meter(mirror);
  const auto one_by_one = deliver(port, 1, alone).first;
  const auto [latencies, seconds] = deliver(port, sizes.senders, together);
  Cost cost = meter.read();
  std::tie(cost.cpu_seconds, cost.peak_mebibytes) = daemon->end();
  const auto archived = mirror.database().count("SELECT count(*) FROM workos.events WHERE webhook_at IS NOT NULL");
  if (static_cast<std::size_t>(archived) != 1 + sizes.alone + sizes.deliveries) {
    throw std::runtime_error(fmt::format("{} webhooks were archived", archived));
  }
  const auto deliveries = static_cast<double>(sizes.deliveries);
  results.add("webhooks, many senders: durable answers", "1/s", deliveries / seconds, ">= 3000");
  results.add("webhooks, many senders: median latency", "ms", quantile(latencies, 0.5));
  results.add("webhooks, many senders: p99 latency", "ms", quantile(latencies, 0.99), "< 50");
  results.add("webhooks, many senders: durable answers / raw COPY's of archive and feed", "",
              deliveries / seconds * mirror.seconds_of_raw_copy_of_events() / static_cast<double>(archived));
  add_use(results, "webhooks", cost, static_cast<double>(sizes.alone + sizes.deliveries), "webhook");
  results.add("webhooks, one at a time: median latency", "ms", quantile(one_by_one, 0.5), "< 10");
  results.add("webhooks, one at a time: p99 latency", "ms", quantile(one_by_one, 0.99));
}

}  // namespace

void measure_webhooks(Results& results, const EventSizes& sizes) {
  const BenchSource source(sizes.users, sizes.users / 100, sizes.users);
  for (int round = 0; round < sizes.rounds; ++round) measure_round(results, source, sizes);
}

}  // namespace mirror::bench
