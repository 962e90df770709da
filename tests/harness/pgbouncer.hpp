#pragma once

#include <memory>
#include <string>

#include "tests/harness/child_process.hpp"

namespace mirror::harness {

/// The pooler pgbouncer in transaction mode in front of a server, on a unix socket of its own. With few server
/// sessions, so that two clients do share them. Stopped in the destructor. Not thread-safe.
class Pgbouncer {
 public:
  /// `upstream_url` names the server (host, port, user); it must let the user in without a password.
  explicit Pgbouncer(const std::string& upstream_url);
  ~Pgbouncer();
  Pgbouncer(const Pgbouncer&) = delete;
  Pgbouncer& operator=(const Pgbouncer&) = delete;

  /// Connection string of `database` through the pooler.
  [[nodiscard]] std::string url(const std::string& database) const;

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace mirror::harness
