#include "api/member_filter.hpp"

#include <array>

#include "tests/catch.hpp"

namespace {

constexpr std::array<std::string_view, 2> secrets{"token", "accept_invitation_url"};

std::string filtered(std::string_view json) {
  return mirror::api::without_members(json, secrets);
}

}  // namespace

TEST_CASE("members with a secret key are removed wherever they stand") {
  CHECK(filtered(R"({"token":1})") == "{}");
  CHECK(filtered(R"({"token":"x","a":1})") == R"({"a":1})");
  CHECK(filtered(R"({"a":1,"token":{"b":[1,2]}})") == R"({"a":1})");
  CHECK(filtered(R"({"a":1,"token":[{"b":"}"}],"c":2})") == R"({"a":1,"c":2})");
  CHECK(filtered(R"({"a":1,"token":true,"accept_invitation_url":null})") == R"({"a":1})");
  CHECK(filtered(R"([{"a":[{"token":"x"}]},[{"b":{"c":{"token":"x","d":0}}}]])") ==
        R"([{"a":[{}]},[{"b":{"c":{"d":0}}}]])");
}

TEST_CASE("a secret key written with escapes is removed too") {
  const std::string json = R"({"a":1,"\u0074oken":"x","tok\u0065n":"y"})";
  CHECK(mirror::api::may_hold_member(json, secrets));
  CHECK(filtered(json) == R"({"a":1})");
}

TEST_CASE("a value or a longer key that reads like a secret key stays") {
  for (const std::string json : {R"({"a":"token"})", R"({"my_token":1})", R"({"token_type":1})", R"(["token"])",
                                 R"({"a":"\"token\":1"})", R"({"\\token":1})"}) {
    INFO(json);
    CHECK(filtered(json) == json);
  }
}

TEST_CASE("a text without secret keys is recognised without filtering it") {
  CHECK_FALSE(mirror::api::may_hold_member(R"({"my_token":"accept","url":"token"})" + std::string(), {}));
  CHECK_FALSE(mirror::api::may_hold_member(R"({"a":"a token of thanks"})", secrets));
  CHECK(mirror::api::may_hold_member(R"({"b":{"token":1}})", secrets));
}
