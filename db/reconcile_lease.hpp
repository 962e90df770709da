#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "db/connection.hpp"

namespace mirror::db {

class Transaction;

/// The right to apply a plan in one environment (table reconcile_lease). It may be taken when it is free, when its
/// holder's session is gone, or when its heartbeat is older than the ttl. No session state: works through a transaction
/// pooler, where only the ttl counts. Not thread-safe.
class ReconcileLease {
 public:
  ReconcileLease(std::string environment, std::string holder, std::chrono::seconds ttl)
      : environment_(std::move(environment)), holder_(std::move(holder)), ttl_(ttl) {}

  /// False if somebody else holds it.
  bool try_acquire(Connection& connection);
  /// A sign of life, in `transaction`. Throws Error (lease_lost) if somebody else holds it by now.
  void renew(Transaction& transaction) const;
  void release(Connection& connection) noexcept;
  [[nodiscard]] std::chrono::seconds ttl() const { return ttl_; }

 private:
  std::string environment_;
  std::string holder_;
  std::chrono::seconds ttl_;
  std::int64_t token_ = 0;
};

}  // namespace mirror::db
