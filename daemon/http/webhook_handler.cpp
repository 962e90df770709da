#include "http/webhook_handler.hpp"

#include <algorithm>
#include <utility>

#include "http/webhook_signature.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::http {
namespace {

/// An event is a few kilobytes; an organization with many domains and much metadata some hundred.
constexpr std::size_t body_limit = 1024 * 1024;
constexpr const char* retry_after_seconds = "5";

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::vector<std::string_view> values_of(const Request& request, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [each, value] : request.headers) {
    if (each == name) values.emplace_back(value);
  }
  return values;
}

/// Parameters such as charset may follow.
bool is_json(const Request& request) {
  constexpr std::string_view wanted = "application/json";
  const auto values = values_of(request, "content-type");
  if (values.size() != 1) return false;
  const std::string_view type = values.front().substr(0, values.front().find_first_of("; \t"));
  return std::ranges::equal(type, wanted, {}, lower_case);
}

bool passes_by_itself(Fault fault) {
  return fault == Fault::unavailable || fault == Fault::lease_lost || fault == Fault::stopped;
}

Route without_secret() {
  const auto refuse = [](const Request&) {
    return error_response(404, "no_webhook_secret",
                          "no webhook secret is configured (webhook.secret_file, WORKOS_WEBHOOK_SECRET)");
  };
  return {.method = "POST", .answer = refuse, .refuse = refuse};
}

}  // namespace

WebhookHandler::WebhookHandler(WebhookOptions options, WebhookSink sink, std::function<Instant()> now,
                               const Clock& clock)
    : options_(std::move(options)), sink_(std::move(sink)), now_(std::move(now)), clock_(clock) {}

void WebhookHandler::add_route(Routes& routes, const std::string& at) {
  if (options_.secrets.empty()) {
    routes[at] = without_secret();
    return;
  }
  routes[at] = {.method = "POST",
                .answer = [this](const Request& request) { return receive(request); },
                .refuse = [this](const Request& request) { return refuse(request); },
                .on_refused =
                    [this](int status) {
                      if (status == 413) return count_refusal(Result::too_large, "the body is too large");
                      if (status == 503) return count_refusal(Result::unavailable, "too many requests arrive slowly");
                      count_refusal(Result::too_late, "the request took too long to arrive");
                    },
                .body_limit = body_limit,
                .keep_alive = true};
}

std::vector<Sample> WebhookHandler::samples() const {
  std::vector<Sample> samples;
  if (options_.secrets.empty()) return samples;
  for (std::size_t i = 0; i < result_names.size(); ++i) {
    samples.push_back({"webhooks_total",
                       "Webhooks received, by what became of them.",
                       Sample::Kind::counter,
                       {{"result", result_names[i]}},
                       static_cast<double>(counts_[i].load())});
  }
  return samples;
}

std::optional<Response> WebhookHandler::refuse(const Request& request) {
  if (!options_.allow.empty() && !options_.allow.contains(request.client)) {
    return refused(Result::refused_address, 403, "webhooks are not accepted from " + request.client);
  }
  if (!is_json(request)) return refused(Result::unsupported_type, 415, "the content type must be application/json");
  return std::nullopt;
}

Response WebhookHandler::receive(const Request& request) {
  const auto check = check_signature(values_of(request, "workos-signature"), request.body, options_.secrets, now_(),
                                     options_.tolerance);
  if (check == SignatureCheck::valid) return deliver(request.body);
  const bool late = check == SignatureCheck::stale || check == SignatureCheck::ahead;
  return refused(late ? Result::refused_stale : Result::refused_signature, 401,
                 "the header WorkOS-Signature " + std::string{describe(check)});
}

Response WebhookHandler::deliver(const std::string& body) {
  try {
    return answer_delivery(sink_(body));
  } catch (const Error& error) {
    if (passes_by_itself(error.fault())) return come_again(error.what());
    count_refusal(Result::failed, error.what());
  } catch (const std::exception& error) {
    count_refusal(Result::failed, error.what());
  }
  return error_response(500, "internal_error", "the daemon could not apply this webhook; its log says why");
}

Response WebhookHandler::answer_delivery(sync::Delivery delivery) {
  switch (delivery) {
    case sync::Delivery::applied:
      count(Result::applied);
      return {200, "application/json", "{\"status\":\"applied\"}\n"};
    case sync::Delivery::malformed:
      return refused(Result::malformed, 400, "the body is no WorkOS event");
    case sync::Delivery::unavailable:
      break;
  }
  return come_again("the mirror can't be written now");
}

Response WebhookHandler::refused(Result result, int status, const std::string& why) {
  count_refusal(result, why);
  return error_response(status, result_names[static_cast<std::size_t>(result)], why);
}

Response WebhookHandler::come_again(const std::string& why) {
  count_refusal(Result::unavailable, why);
  Response response = error_response(503, "unavailable", "the mirror can't be written now; send it again later");
  response.headers.emplace_back("Retry-After", retry_after_seconds);
  return response;
}

/// One reason, whatever the address or the cause in detail: a sender of many addresses gets no more lines.
void WebhookHandler::count_refusal(Result result, const std::string& why) {
  count(result);
  const char* const name = result_names[static_cast<std::size_t>(result)];
  if (const auto kept_back = lines_.spend(name, clock_.now())) {
    const std::string whose = options_.environment.empty() ? "" : options_.environment + ": ";
    log::warn("{}webhook not applied ({}): {}; {} since the last line about it", whose, name, why, *kept_back + 1);
  }
}

}  // namespace mirror::http
