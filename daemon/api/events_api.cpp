#include "api/events_api.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/api_client.hpp"
#include "api/event_decoder.hpp"
#include "api/percent_encoding.hpp"

namespace mirror::api {
namespace {

std::string events_target(const EventQuery& query) {
  // The live API answers oldest first whatever `order` says (github.com/workos/workos-node/issues/1610); it is sent
  // for those that heed it.
  std::string target = fmt::format("/events?limit={}&order=asc&events={}", query.limit,
                                   percent_encoded(fmt::format("{}", fmt::join(query.types, ",")), ","));
  if (query.after) target += "&after=" + percent_encoded(*query.after);
  if (query.range_start) target += "&range_start=" + percent_encoded(to_string(*query.range_start));
  if (query.range_end) target += "&range_end=" + percent_encoded(to_string(*query.range_end));
  return target;
}

/// The type that the message quotes, if it is one that we asked for.
std::string refused_type(const ApiError& error, const EventQuery& query) {
  const auto found = std::ranges::find_if(query.types, [&](const std::string& type) {
    return error.message().find("'" + type + "'") != std::string::npos ||
           error.message().find('"' + type + '"') != std::string::npos;
  });
  return found == query.types.end() ? std::string() : *found;
}

}  // namespace

EventPage EventsApi::list(const EventQuery& query, const std::stop_token& stop) const {
  EventPage page;
  try {
    client_->get(events_target(query), Lane::tail, stop,
                 [&](const ApiAnswer& answer) { page = decode_event_page(answer.body, answer.answered_at); });
  } catch (const ApiError& error) {
    const bool names_a_type = error.message().find("name parameter") != std::string::npos;
    auto type = refused_type(error, query);
    if (error.status() == 400 && error.code() == "invalid_events_request" && (names_a_type || !type.empty())) {
      throw UnknownEventType(error, std::move(type));
    }
    throw;
  }
  return page;
}

}  // namespace mirror::api
