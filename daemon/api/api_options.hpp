#pragma once

#include <chrono>
#include <string>

#include "support/secret.hpp"

namespace mirror::api {

/// How to reach WorkOS; filled from the section [api] of the configuration.
struct ApiOptions {
  std::string base_url = "https://api.workos.com";
  Secret key;
  double max_requests_per_second = 50;        ///< our share of the environment's quota
  std::chrono::milliseconds timeout{30'000};  ///< total, per request
  std::string ca_file;                        ///< PEM bundle to trust instead of the system's; empty: the system's
};

}  // namespace mirror::api
