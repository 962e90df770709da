#include "sync/mirror_wait.hpp"

#include <algorithm>

#include "db/change_listener.hpp"
#include "db/freshness.hpp"

namespace mirror::sync {
namespace {

using std::chrono::milliseconds;

/// Between two looks, and until a stop is noticed.
constexpr milliseconds longest_pause{250};
/// A mirror that is followed is fresher than that.
constexpr std::chrono::minutes usual_age{1};

db::Sighting look(db::Connection& connection, const std::string& environment, const db::Awaited& awaited) {
  db::Transaction transaction(connection);
  const auto sighting = db::look_for(transaction, environment, awaited);
  transaction.commit();
  return sighting;
}

/// An object's wait depends on its own stream; an event's on all.
std::string find_reason(db::Connection& connection, const std::string& environment) {
  db::Transaction transaction(connection);
  const auto stale = db::find_staleness(transaction, usual_age, environment);
  return stale ? stale->message : std::string();
}

}  // namespace

WaitOutcome wait_for(db::Connection& connection, const std::string& environment, const db::Awaited& awaited,
                     milliseconds timeout, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  db::ChangeListener changes(connection);  // before the first look, so that nothing comes in between
  while (true) {
    const auto sighting = look(connection, environment, awaited);
    if (sighting != db::Sighting::none) return {sighting, {}};
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (stop.stop_requested() || left <= milliseconds::zero()) break;
    changes.wait(std::min(left, longest_pause));
  }
  return {db::Sighting::none, find_reason(connection, environment)};
}

}  // namespace mirror::sync
