#pragma once

#include <Poco/Net/SocketAddress.h>

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "support/deadline.hpp"

namespace mirror::api {

/// The addresses of `host`, in the order in which the system wants them tried. Throws Error (unavailable) if there are
/// none or the deadline passes, Error (stopped) on a stop. Thread-safe.
std::vector<Poco::Net::SocketAddress> resolve(const std::string& host, std::uint16_t port, Deadline deadline,
                                              const std::stop_token& stop);

}  // namespace mirror::api
