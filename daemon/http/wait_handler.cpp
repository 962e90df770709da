#include "http/wait_handler.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "http/report_json.hpp"
#include "http/server.hpp"
#include "support/error.hpp"
#include "sync/mirror_wait.hpp"

namespace mirror::http {
namespace {

using Parameters = std::map<std::string, std::string>;

struct Question {
  std::string environment;
  db::Awaited awaited;
  std::chrono::milliseconds timeout = WaitHandler::usual_timeout;
};

/// What an object is called in a query, and its table.
constexpr std::pair<const char*, const char*> objects[] = {{"user", "users"},
                                                           {"organization", "organizations"},
                                                           {"membership", "organization_memberships"},
                                                           {"invitation", "invitations"}};

Error refusal(const std::string& what) {
  return {Fault::usage, what};
}

Parameters read_parameters(const std::string& query) {
  Parameters parameters;
  try {
    Poco::URI uri;
    uri.setRawQuery(query);
    for (const auto& [name, value] : uri.getQueryParameters()) {
      if (value.empty()) throw refusal(name + " has no value");
      if (!parameters.emplace(name, value).second) throw refusal(name + " is given twice");
    }
  } catch (const Poco::Exception&) {
    throw refusal("the query can't be read");
  }
  return parameters;
}

std::string take(Parameters& parameters, const char* name) {
  const auto node = parameters.extract(name);
  return node.empty() ? std::string() : node.mapped();
}

void name_object(Parameters& parameters, db::Awaited& awaited) {
  for (const auto& [name, table] : objects) {
    const std::string id = take(parameters, name);
    if (id.empty()) continue;
    if (!awaited.id.empty()) throw refusal("only one object can be waited for");
    awaited.table = table;
    awaited.id = id;
  }
}

/// Whoever has one environment need not know its name.
std::string take_environment(Parameters& parameters, const std::vector<std::string>& environments) {
  std::string name = take(parameters, "environment");
  if (name.empty() && environments.size() == 1) return environments.front();
  if (std::ranges::find(environments, name) != environments.end()) return name;
  throw refusal(fmt::format("environment has to be one of {}", fmt::join(environments, ", ")));
}

Question read_question(const Request& request, const std::vector<std::string>& environments,
                       const WaitHandler::ReadDuration& read_duration) {
  Parameters parameters = read_parameters(request.query);
  Question question;
  question.environment = take_environment(parameters, environments);
  question.awaited.event = take(parameters, "event");
  name_object(parameters, question.awaited);
  if (question.awaited.event.empty() == question.awaited.id.empty()) {
    throw refusal("name either an event, or a user, an organization, a membership or an invitation");
  }
  if (const std::string since = take(parameters, "updated_after"); !since.empty()) {
    if (!question.awaited.event.empty()) throw refusal("updated_after is for objects");
    question.awaited.updated_after = parse_instant(since);
    if (!question.awaited.updated_after) throw refusal("updated_after is no instant such as 2026-03-01T00:00:00Z");
  }
  if (const std::string timeout = take(parameters, "timeout"); !timeout.empty()) {
    const auto read = read_duration(timeout);
    if (!read || *read > WaitHandler::longest_timeout) {
      throw refusal(
          fmt::format("timeout is no duration of at most {} s, such as 10s", WaitHandler::longest_timeout.count()));
    }
    question.timeout = *read;
  }
  if (!parameters.empty()) throw refusal("there is no parameter " + parameters.begin()->first);
  return question;
}

Response too_busy(const std::string& code, const std::string& message) {
  Response response = error_response(503, code, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

/// Counts one in, for as long as it lives.
class Seat {
 public:
  explicit Seat(std::atomic<int>& taken) : taken_(taken), is_free_(taken_.fetch_add(1) < WaitHandler::most_waiters) {}
  ~Seat() { taken_.fetch_sub(1); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  [[nodiscard]] bool is_free() const { return is_free_; }

 private:
  std::atomic<int>& taken_;
  bool is_free_;
};

}  // namespace

void WaitHandler::add_route(Routes& routes) {
  Route route;
  route.answer = [this](const Request& request) { return answer(request); };
  routes[std::string(path)] = std::move(route);
}

Response WaitHandler::answer(const Request& request) {
  try {
    return wait(request);
  } catch (const Error& error) {
    const bool is_theirs = error.fault() == Fault::usage || error.fault() == Fault::bad_data;
    if (is_theirs) return error_response(400, "bad_request", error.what());
    if (error.retries_help()) return too_busy("unavailable", error.what());
    throw;
  }
}

Response WaitHandler::wait(const Request& request) {
  const Question question = read_question(request, environments_, read_duration_);
  const Seat seat(waiters_);
  if (!seat.is_free()) {
    return too_busy("too_many_waiters", fmt::format("{} others wait already; ask again later", most_waiters));
  }
  db::Connection connection(database_, "wait");
  const auto outcome =
      sync::wait_for(connection, question.environment, question.awaited, question.timeout, stop_.get_token());
  if (outcome.sighting == db::Sighting::none) {
    if (stop_.stop_requested()) return too_busy("stopping", "the daemon stops");
    return error_response(
        504, "not_seen",
        fmt::format("the mirror did not show it in time{}{}", outcome.reason.empty() ? "" : ": ", outcome.reason));
  }
  return {200, "application/json", to_text({{"seen", true}, {"deleted", outcome.sighting == db::Sighting::deleted}})};
}

}  // namespace mirror::http
