#include "api/resolver.hpp"

#include <Poco/Net/IPAddress.h>
#include <fmt/format.h>
#include <netdb.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "support/error.hpp"

namespace mirror::api {
namespace {

using Poco::Net::SocketAddress;

struct Lookup {
  std::mutex mutex;
  std::condition_variable_any finished;
  bool done = false;
  int error = 0;
  std::vector<SocketAddress> addresses;
};

void look_up(const std::shared_ptr<Lookup>& lookup, const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::lock_guard lock(lookup->mutex);
  lookup->error = error;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    const SocketAddress address(entry->ai_addr, entry->ai_addrlen);
    lookup->addresses.emplace_back(address.host(), port);
  }
  if (found != nullptr) freeaddrinfo(found);
  lookup->done = true;
  lookup->finished.notify_all();
}

}  // namespace

std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port, Deadline deadline,
                                   const std::stop_token& stop) {
  Poco::Net::IPAddress literal;
  if (Poco::Net::IPAddress::tryParse(host, literal)) return {SocketAddress(literal, port)};

  // getaddrinfo can't be interrupted and may take many seconds. It runs on a thread of its own, which is left behind
  // when nobody waits any more and owns all that it touches.
  const auto lookup = std::make_shared<Lookup>();
  std::thread(look_up, lookup, host, port).detach();
  std::unique_lock lock(lookup->mutex);
  lookup->finished.wait_until(lock, stop, deadline.when(), [&] { return lookup->done; });
  if (stop.stop_requested()) throw Error(Fault::stopped, "a stop was requested while looking up a host");
  if (!lookup->done) throw Error(Fault::unavailable, fmt::format("looking up host {} took too long", host));
  if (lookup->addresses.empty()) {
    throw Error(Fault::unavailable, fmt::format("host {} can't be looked up: {}", host, gai_strerror(lookup->error)),
                "Check api.base_url and this host's name resolution.");
  }
  return lookup->addresses;
}

}  // namespace mirror::api
