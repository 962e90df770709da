#include "app/check_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>

#include "api/events_api.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

/// Asks for one event of `types`; those that the API does not know move from there to the result. Throws Error.
std::vector<std::string> refused_types(const api::EventsApi& events, std::vector<std::string>& types) {
  std::vector<std::string> refused;
  while (!types.empty()) {
    api::EventQuery query;
    query.types = types;
    query.limit = 1;
    try {
      (void)events.list(query, std::stop_token{});
      break;
    } catch (const api::UnknownEventType& error) {
      const auto found = std::ranges::find(types, error.type());
      if (found == types.end()) throw;
      refused.push_back(*found);
      types.erase(found);
    }
  }
  return refused;
}

CheckLine failed(const Error& error) {
  const auto* answer = dynamic_cast<const api::ApiError*>(&error);
  const bool is_forbidden = answer != nullptr && answer->status() == 403;
  return {"events", CheckResult::failed, error.what(),
          is_forbidden
              ? "give the API key the permission to read events in the WorkOS dashboard (API Keys); without it "
                "the daemon follows nothing between two sweeps"
              : error.next_step(),
          exit_code(error.fault())};
}

}  // namespace

CheckLine check_events(const api::EventsApi& events, std::vector<std::string> types) {
  try {
    const auto refused = refused_types(events, types);
    if (refused.empty()) return {"events", CheckResult::ok, "readable", "", {}};
    return {
        "events",
        CheckResult::warning,
        fmt::format("readable, but the API knows no events {}: the daemon leaves them out", fmt::join(refused, ", ")),
        "remove from events.also what stands there; sweeps find what the others would have told",
        {}};
  } catch (const Error& error) {
    return failed(error);
  }
}

}  // namespace mirror::app
