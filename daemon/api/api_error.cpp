#include "api/api_error.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "api/error_advice.hpp"
#include "api/http_transport.hpp"
#include "api/retry_policy.hpp"

namespace mirror::api {
namespace {

using nlohmann::json;

constexpr std::size_t max_presentable = 300;
constexpr std::size_t max_errors = 20;
/// Error bodies are small; what is larger than this is a page that nobody needs to read to its end.
constexpr std::size_t max_error_body = 64 * 1024;

constexpr const char* check_base_url = "Check api.base_url: it has to be the address of the WorkOS API.";

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// `errors` holds objects with code, message or field; some endpoints of other APIs hold plain strings.
std::vector<ApiErrorItem> read_errors(const json& body, std::string_view secret) {
  std::vector<ApiErrorItem> items;
  const auto errors = body.find("errors");
  if (errors == body.end() || !errors->is_array()) return items;
  for (const json& error : *errors) {
    if (items.size() == max_errors) break;
    if (error.is_string()) items.push_back({"", "", presentable(error.get<std::string>(), secret)});
    if (!error.is_object()) continue;
    items.push_back({presentable(text_of(error, "code"), secret), presentable(text_of(error, "field"), secret),
                     presentable(text_of(error, "message"), secret)});
  }
  return items;
}

/// All shapes of error bodies: {message}, {code, message}, with errors, and OAuth's {error, error_description}.
void read_body(const std::string& text, std::string_view secret, ApiProblem& problem) {
  if (text.size() > max_error_body) return;
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object()) return;
  problem.code = presentable(text_of(body, "code"), secret);
  problem.message = presentable(text_of(body, "message"), secret);
  if (problem.code.empty()) problem.code = presentable(text_of(body, "error"), secret);
  if (problem.message.empty()) problem.message = presentable(text_of(body, "error_description"), secret);
  problem.errors = read_errors(body, secret);
  problem.from_workos = !problem.code.empty() || !problem.message.empty() || !problem.errors.empty();
  if (problem.from_workos) problem.body = text;
}

std::string describe_body(const HttpResponse& response) {
  const std::string_view type = response.header("content-type");
  const auto first = response.body.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "an empty body";
  if (type.find("html") != std::string_view::npos || response.body[first] == '<') return "an HTML page";
  if (type.find("json") != std::string_view::npos) return "JSON that WorkOS does not write";
  return "a body that is not JSON";
}

std::string host_of(std::string_view location) {
  try {
    const std::string host = Poco::URI(std::string(location)).getHost();
    return host.empty() ? "another path of the same host" : host;
  } catch (const Poco::Exception&) {
    return "an unreadable address";
  }
}

bool is_redirect(int status) {
  return status >= 300 && status < 400;
}

std::string describe(const HttpResponse& response, const ApiProblem& problem, std::string_view secret) {
  if (is_redirect(problem.status)) {
    return " (a redirect to " + presentable(host_of(response.header("location")), secret) + ", which is not followed)";
  }
  if (!problem.from_workos) return " with " + describe_body(response);
  std::string text = problem.message.empty() ? "" : ": " + problem.message;
  if (!problem.code.empty()) text += " [" + problem.code + "]";
  if (const ErrorAdvice* advice = find_advice(problem.code)) text += fmt::format(" ({})", advice->cause);
  for (const ApiErrorItem& item : problem.errors) {
    text += fmt::format("; {}{}{}", item.field.empty() ? "" : item.field + ": ", item.code,
                        item.message.empty() ? "" : " " + item.message);
  }
  return text;
}

/// Where WorkOS judges whoever signs in, and not the key.
bool is_sign_in(std::string_view path) {
  constexpr std::array places{"/user_management/authenticate", "/user_management/authorize/device",
                              "/user_management/password_reset", "/user_management/magic_auth"};
  return std::ranges::any_of(places, [&](std::string_view place) { return path.starts_with(place); });
}

/// A code that nobody knows says nothing against the key where somebody signs in. Elsewhere the worse is assumed, so
/// that a key that may not read rests its stream.
bool blames_key(const ApiProblem& problem, std::string_view path) {
  if (problem.status != 401 && problem.status != 403) return false;
  if (problem.code.empty() || is_about_key(problem.code)) return true;
  return find_advice(problem.code) == nullptr && (problem.status == 401 || !is_sign_in(path));
}

Fault fault_of(const ApiProblem& problem, std::string_view path) {
  if (blames_key(problem, path)) return Fault::refused;
  const bool about_request =
      problem.status >= 400 && problem.status < 500 && problem.status != 408 && problem.status != 429;
  return about_request && problem.from_workos ? Fault::bad_data : Fault::unavailable;
}

std::string permission_step(std::string_view method, std::string_view path) {
  if (method != "GET")
    return fmt::format("Give the API key the permission for {} {} in the WorkOS dashboard.", method, path);
  return fmt::format(
      "Give the API key the permission to read {} in the WorkOS dashboard, or switch off the stream that needs it.",
      path);
}

/// What to do about a key that is refused.
std::string key_step(int status, std::string_view method, std::string_view path) {
  if (status == 403) return permission_step(method, path);
  return "The API key is wrong or was revoked. Put a valid key of this environment into the file that api.key_file "
         "names (of its section, if there are several environments), or into WORKOS_API_KEY, and restart.";
}

/// For an answer whose code is missing or unknown.
std::string step_by_status(const ApiProblem& problem) {
  switch (problem.status) {
    case 403:
      return "Do what the message asks of whoever signs in, or look the code up in the documentation of WorkOS.";
    case 404:
      return problem.from_workos ? std::string(find_advice("not_found")->fix) : check_base_url;
    case 429:
      return "If this lasts, lower api.max_requests_per_second: the environment's quota is used up.";
    default:
      return problem.from_workos || problem.status >= 500 || problem.status == 408 ? "" : check_base_url;
  }
}

std::string next_step_of(const ApiProblem& problem, std::string_view method, std::string_view path) {
  if (blames_key(problem, path)) return key_step(problem.status, method, path);
  const ErrorAdvice* advice = find_advice(problem.code);
  return advice != nullptr ? std::string(advice->fix) : step_by_status(problem);
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

/// Cuts a text that is too long at the edge of a character.
void shorten(std::string& text) {
  if (text.size() <= max_presentable) return;
  std::size_t end = max_presentable;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text += "...";
}

void hide_all(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "***");
}

void hide_emails(std::string& text) {
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at)) {
    const auto space = text.find_last_of(" \"'<(", at);
    const auto begin = space == std::string::npos ? 0 : space + 1;
    const auto end = std::min(text.find_first_of(" \"'>)", at), text.size());
    text.replace(begin, end - begin, "***");
    at = begin + 3;
  }
}

}  // namespace

std::string presentable(std::string_view text, std::string_view secret) {
  std::string shown(text);
  hide_all(shown, secret);
  std::ranges::replace_if(
      shown, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  hide_emails(shown);
  shorten(shown);
  return shown;
}

bool is_json_success(const HttpResponse& response) {
  if (response.status < 200 || response.status >= 300) return false;
  const auto first = response.body.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return false;
  const std::string_view type = response.header("content-type");
  return type.empty() ? response.body[first] == '{' : type.find("json") != std::string_view::npos;
}

ApiError make_api_error(const HttpRequest& request, const HttpResponse& response, const AnswerContext& context) {
  const std::string_view secret = context.secret;
  ApiProblem problem;
  problem.status = response.status;
  problem.request_id = presentable(response.header("x-request-id"), secret);
  problem.retry_after = parse_retry_after(response.header("retry-after"), response.header("date"), context.wall);
  problem.answered_at = parse_http_date(response.header("date"));
  if (!problem.answered_at) problem.answered_at = context.api_time;
  if (response.status >= 400) read_body(response.body, secret, problem);

  const std::string path = presentable(path_of(request.target), secret);
  std::string text =
      fmt::format("{} {} answered {}{}", request.method, path, response.status, describe(response, problem, secret));
  if (!problem.request_id.empty()) text += " (request id " + problem.request_id + ")";
  const Fault fault = fault_of(problem, path);
  std::string next_step = next_step_of(problem, request.method, path);
  return {fault, text, std::move(next_step), std::move(problem)};
}

}  // namespace mirror::api
