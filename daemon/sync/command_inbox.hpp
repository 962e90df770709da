#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "db/command_store.hpp"
#include "sync/command_work.hpp"
#include "sync/lease_period.hpp"

namespace mirror::sync {

/// Carries out what other processes asked the lease's holder to do, through the table `commands`. A pass runs in the
/// stream loops; the others on threads of their own, so that the inbox never blocks. Used by one thread.
class CommandInbox {
 public:
  explicit CommandInbox(LeasePeriod& period) : period_(period) {}

  /// Takes new requests and answers finished ones.
  void poll(const std::vector<db::CommandRecord>& waiting);

 private:
  struct Answer {
    std::string outcome;
    std::string result;
  };
  /// Attempts to wait for, by loop.
  using Pass = std::vector<std::pair<StreamLoop*, std::int64_t>>;

  void begin(const db::CommandRecord& command);
  void begin_pass(std::int64_t id);
  void begin_work(const db::CommandRecord& command, CommandWork work);
  void answer(std::int64_t id, const Answer& answer);
  [[nodiscard]] static bool is_finished(const Pass& pass, std::vector<StreamResult>& results);

  LeasePeriod& period_;
  std::map<std::int64_t, Pass> passes_;
  std::map<std::int64_t, std::future<Answer>> works_;
};

}  // namespace mirror::sync
