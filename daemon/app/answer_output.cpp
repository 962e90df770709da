#include "app/answer_output.hpp"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "api/api_error.hpp"
#include "app/answer_text.hpp"
#include "app/line_output.hpp"
#include "support/secret.hpp"

namespace mirror::app {
namespace {

using Json = nlohmann::ordered_json;

std::string json_text(const Json& value, int indent = 2) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

bool is_list(const Json& answer) {
  return answer.is_object() && answer.value("object", "") == "list" && answer.contains("data") &&
         answer["data"].is_array();
}

void print_list(const Json& list) {
  ListOutput output(false);
  for (const Json& item : list["data"]) output.add(item);
  output.finish();
  const auto after = list.value(Json::json_pointer("/list_metadata/after"), Json());
  if (after.is_string()) std::cerr << "there is more: after=" << after.get<std::string>() << ", or --all\n";
}

}  // namespace

std::string url_of(const api::ApiOptions& options, const api::ApiCall& call) {
  std::string base = options.base_url;
  while (base.ends_with('/')) base.pop_back();
  return base + call.target;
}

void print_answer(const nlohmann::ordered_json& answer, bool as_json) {
  if (as_json) {
    std::cout << json_text(answer) << "\n";
  } else if (answer.is_null()) {
    std::cerr << "done\n";
  } else if (is_list(answer)) {
    print_list(answer);
  } else {
    std::cout << answer_text(answer);
  }
  flush_output();
}

void print_failure(const api::ApiError& error) {
  const Json answer = Json::parse(error.body(), nullptr, false);
  std::cout << json_text({{"error",
                           {{"status", error.status()},
                            {"code", error.code()},
                            {"cause", error.what()},
                            {"next_step", error.next_step()},
                            {"request_id", error.request_id()}}},
                          {"answer", answer.is_discarded() ? Json() : answer}})
            << "\n";
}

void print_request(const api::ApiOptions& options, const api::ApiCall& call, bool as_json) {
  Json headers = Json::object();
  for (const auto& [name, value] : api::make_request(call, Secret(hidden_secret)).headers) headers[name] = value;
  const Json body = call.body.empty() ? Json() : Json::parse(call.body);
  const std::string url = url_of(options, call);
  if (as_json) {
    std::cout << json_text({{"method", call.method}, {"url", url}, {"headers", headers}, {"body", body}}) << "\n";
    return;
  }
  std::cout << call.method << " " << url << "\n";
  for (const auto& [name, value] : headers.items()) std::cout << name << ": " << value.get<std::string>() << "\n";
  if (!body.is_null()) std::cout << "\n" << json_text(body) << "\n";
}

bool ListOutput::add(const nlohmann::ordered_json& item) {
  if (as_json_) {
    std::cout << (is_empty_ ? "{\"object\": \"list\", \"data\": [\n" : ",\n") << json_text(item, -1);
  } else {
    std::cout << (is_empty_ ? "" : "\n") << answer_text(item);
  }
  is_empty_ = false;
  return flush_output();
}

void ListOutput::finish() const {
  if (as_json_ && is_empty_) std::cout << "{\"object\": \"list\", \"data\": [";
  if (as_json_) std::cout << "\n], \"list_metadata\": {\"before\": null, \"after\": null}}\n";
  flush_output();
  if (!as_json_ && is_empty_) std::cerr << "the list is empty\n";
}

}  // namespace mirror::app
