#include "api/api_error.hpp"

#include "api/http_transport.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;

const std::string key = "sk_test_12345";

ApiError error_of(int status, const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  headers.emplace_back("x-request-id", "req_7");
  HttpRequest request;
  request.target = "/user_management/users?after=user_1&email=eve%40example.com";
  return make_api_error(request, {status, std::move(headers), body}, {key, Instant{}, std::nullopt});
}

}  // namespace

TEST_CASE("every shape of error body gives its code and message") {
  const ApiError plain = error_of(404, R"({"message":"User not found"})");
  CHECK(plain.message() == "User not found");
  CHECK(plain.code().empty());
  CHECK(plain.request_id() == "req_7");
  CHECK_THAT(plain.what(), ContainsSubstring("GET /user_management/users answered 404: User not found") &&
                               ContainsSubstring("req_7") && !ContainsSubstring("eve"));

  const ApiError coded = error_of(400, R"({"code":"missing_user_id_or_organization_id","message":"One is required"})");
  CHECK(coded.code() == "missing_user_id_or_organization_id");

  const ApiError listed = error_of(
      422,
      R"({"code":"user_creation_error","message":"No","errors":[{"code":"email_taken","message":"Taken"},"odd",7]})");
  REQUIRE(listed.errors().size() == 2);
  CHECK(listed.errors()[0].code == "email_taken");
  CHECK(listed.errors()[1].message == "odd");

  const ApiError fields =
      error_of(422, R"({"message":"Validation failed","errors":[{"field":"events","code":"unknown"}]})");
  CHECK(fields.errors()[0].field == "events");
  CHECK_THAT(fields.what(), ContainsSubstring("events: unknown"));

  const ApiError oauth = error_of(400, R"({"error":"invalid_grant","error_description":"Expired"})");
  CHECK(oauth.code() == "invalid_grant");
  CHECK(oauth.message() == "Expired");

  CHECK(error_of(422, R"({"message":5,"errors":{"a":1}})").message().empty());
}

TEST_CASE("the status decides what may be done next") {
  const std::string body = R"({"message":"x"})";
  for (const int status : {401, 403}) CHECK(error_of(status, body).fault() == Fault::refused);
  for (const int status : {400, 404, 409, 422}) CHECK(error_of(status, body).fault() == Fault::bad_data);
  for (const int status : {408, 429, 500, 502, 503, 504, 529})
    CHECK(error_of(status, body).fault() == Fault::unavailable);
  CHECK_THAT(error_of(401, body).next_step(), ContainsSubstring("api.key_file"));
  CHECK_THAT(error_of(403, body).next_step(), ContainsSubstring("/user_management/users"));
}

TEST_CASE("an answer that WorkOS did not write says what came instead") {
  const ApiError html = error_of(502, "<html><body>Bad gateway</body></html>", {{"content-type", "text/html"}});
  CHECK_FALSE(html.from_workos());
  CHECK_THAT(html.what(), ContainsSubstring("an HTML page"));
  const ApiError page = error_of(200, "<!doctype html>", {{"content-type", "text/html"}});
  CHECK(page.fault() == Fault::unavailable);
  CHECK_THAT(page.next_step(), ContainsSubstring("api.base_url"));
  CHECK_THAT(error_of(200, "").what(), ContainsSubstring("an empty body"));
  // Not an object that is gone: nobody who knows said so.
  CHECK_FALSE(error_of(404, "<html>", {{"content-type", "text/html"}}).from_workos());
  CHECK_FALSE(error_of(404, R"({"path":"/"})", {{"content-type", "application/json"}}).from_workos());
}

TEST_CASE("a redirect names the host that it leads to and not the whole address") {
  const ApiError error = error_of(302, "", {{"location", "https://login.example/?session=abc"}});
  CHECK(error.fault() == Fault::unavailable);
  CHECK_THAT(error.what(), ContainsSubstring("login.example") && !ContainsSubstring("abc"));
  CHECK_THAT(error.next_step(), ContainsSubstring("api.base_url"));
  CHECK_THAT(error_of(301, "").what(), ContainsSubstring("redirect"));
}

TEST_CASE("no error repeats the key, an email address or control characters") {
  const ApiError error =
      error_of(401, R"({"message":"Key sk_test_12345 of <eve@example.com> is\u001b[31m bad\nreally"})");
  const std::string text = error.what();
  CHECK_THAT(text, !ContainsSubstring(key) && !ContainsSubstring("eve@") && !ContainsSubstring("\x1b"));
  CHECK(text.find('\n') == std::string::npos);
  CHECK(presentable(std::string(1000, 'x'), "").size() < 310);
  std::string cut_in_character(299, 'x');
  cut_in_character += "ü";
  CHECK(presentable(cut_in_character, "").substr(295) == "xxxx...");
}

TEST_CASE("only a 2xx with JSON is a success") {
  const auto success = [](int status, const std::string& type, const std::string& body) {
    return is_json_success({status, {{"content-type", type}}, body});
  };
  CHECK(success(200, "application/json; charset=utf-8", "{}"));
  CHECK_FALSE(success(200, "application/json", " \n"));
  CHECK_FALSE(success(200, "text/html", "{}"));
  CHECK_FALSE(success(302, "application/json", "{}"));
  CHECK(is_json_success({200, {}, "{}"}));
  CHECK_FALSE(is_json_success({200, {}, "<html>"}));
}
