#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <random>
#include <stdexcept>

namespace mirror::crash {

/// A TCP port of this machine that nobody uses now, for a server that has to come back at the same address. Not one of
/// those that the system gives to clients: a client that connects to its own port would connect to itself.
inline int free_port(std::mt19937_64& random) {
  std::uniform_int_distribution<int> below_ephemeral{20'000, 32'000};
  for (int attempt = 0; attempt < 100; ++attempt) {
    const int port = below_ephemeral(random);
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(descriptor);
    if (is_free) return port;
  }
  throw std::runtime_error("there is no free port");
}

}  // namespace mirror::crash
