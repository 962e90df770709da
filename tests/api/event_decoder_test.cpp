#include "api/event_decoder.hpp"

#include <nlohmann/json.hpp>

#include "api/api_error.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"

namespace mirror::api {
namespace {

using harness::caught_error;
using nlohmann::json;

constexpr Instant answered_at{1'800'000'000'000'000};

json user(const std::string& id = "user_1") {
  return {{"object", "user"},
          {"id", id},
          {"email", "a@example.com"},
          {"created_at", "2026-01-15T12:00:00.000Z"},
          {"updated_at", "2026-01-16T12:00:00.000Z"}};
}

json event(const std::string& type, json data) {
  return {{"object", "event"},
          {"id", "event_1"},
          {"event", type},
          {"data", std::move(data)},
          {"created_at", "2026-01-16T12:00:00.250Z"}};
}

EventPage page_of(const std::vector<std::string>& events) {
  std::string body = R"({"object":"list","data":[)";
  for (const auto& text : events) body += (&text == &events.front() ? "" : ",") + text;
  return decode_event_page(body + R"(],"list_metadata":{"after":null}})", answered_at);
}

Event only(const json& event) {
  const auto page = page_of({event.dump()});
  REQUIRE(page.events.size() == 1);
  return page.events.front();
}

TEST_CASE("an event is read with its object, in the order of the page") {
  const auto page =
      page_of({event("user.updated", user("user_1")).dump(), event("user.created", user("user_2")).dump()});
  REQUIRE(page.events.size() == 2);
  const auto& first = page.events[0];
  CHECK(first.id == "event_1");
  CHECK(first.type == "user.updated");
  CHECK(to_string(first.created_at) == "2026-01-16T12:00:00.250000Z");
  CHECK(first.object_id == "user_1");
  CHECK(first.problem.empty());
  CHECK(!first.deletes());
  REQUIRE(first.rows.size() == 1);
  const auto& batch = page.batches[first.rows[0].batch];
  CHECK(&batch.table() == users().table);
  CHECK(batch.id(first.rows[0].row) == "user_1");
  CHECK(page.events[1].object_id == "user_2");
  CHECK(page.answered_at == answered_at);
  CHECK(!page.after);
}

TEST_CASE("an organization brings its domains") {
  json organization{{"object", "organization"},
                    {"id", "org_1"},
                    {"name", "A"},
                    {"created_at", "2026-01-15T12:00:00.000Z"},
                    {"updated_at", "2026-01-16T12:00:00.000Z"}};
  organization["domains"] = json::array({{{"id", "org_domain_1"},
                                          {"domain", "a.example"},
                                          {"created_at", "2026-01-15T12:00:00.000Z"},
                                          {"updated_at", "2026-01-16T12:00:00.000Z"}},
                                         {{"id", 7}}});
  const auto page = page_of({event("organization.updated", organization).dump()});
  const auto& told = page.events.at(0);
  CHECK(told.problem.empty());
  REQUIRE(told.rows.size() == 2);  // the one that can't be decoded is left out
  CHECK(page.batches[told.rows[1].batch].id(told.rows[1].row) == "org_domain_1");
}

TEST_CASE("events of other types are read as far as the archive needs") {
  const auto told = only(event("session.created", {{"object", "session"}, {"id", "session_1"}}));
  CHECK(told.problem.empty());
  CHECK(told.mirrored == nullptr);
  CHECK(told.rows.empty());
  CHECK(json::parse(told.raw)["data"]["id"] == "session_1");
}

TEST_CASE("a deletion needs only an id, with its last content it tells that too") {
  const auto bare = only(event("user.deleted", {{"id", "user_1"}}));
  CHECK(bare.deletes());
  CHECK(bare.problem.empty());
  CHECK(bare.object_id == "user_1");
  CHECK(bare.rows.empty());
  CHECK(only(event("user.deleted", user())).rows.size() == 1);
  CHECK(!only(event("user.deleted", {{"object", "user"}})).problem.empty());
}

TEST_CASE("what makes an event undecodable is said without any value of it") {
  struct Case {
    const char* key;
    json value;
    const char* problem;
  };
  const std::vector<Case> cases{
      {"id", nullptr, "key `id`"},
      {"id", 7, "key `id`"},
      {"id", "", "key `id`"},
      {"id", std::string(256, 'x'), "key `id`"},
      {"event", nullptr, "key `event`"},
      {"event", std::string(201, 'x'), "key `event`"},
      {"created_at", nullptr, "key `created_at`"},
      {"created_at", "a@example.com", "key `created_at`"},
      {"created_at", "275760-09-13T00:00:00.000Z", "key `created_at`"},
      {"created_at", "2026-01-16T12:00:00+99:99", "key `created_at`"},
      {"created_at", "0001-01-01T00:00:00+15:00", "key `created_at`"},
      {"data", nullptr, "`data` is not an object"},
      {"data", {1, 2}, "`data` is not an object"},
      {"data", {{"object", "group"}, {"id", "a@example.com"}}, "of another type"},
      {"data", {{"object", "user"}, {"email", "a@example.com"}}, "key `id`"},
  };
  for (const auto& [key, value, problem] : cases) {
    auto spoiled = event("user.updated", user());
    spoiled[key] = value;
    CAPTURE(key, value.dump());
    const auto told = only(spoiled);
    CHECK(told.problem.find(problem) != std::string::npos);
    CHECK(told.problem.find("a@example.com") == std::string::npos);
    CHECK(told.rows.empty());
  }
}

TEST_CASE("an event without a readable time stands at the time of the answer") {
  auto timeless = event("user.updated", user());
  timeless.erase("created_at");
  CHECK(only(timeless).created_at == answered_at);
}

TEST_CASE("what is no object, too deep or too large is not kept") {
  CHECK(page_of({"42"}).events.at(0).raw.empty());
  CHECK(page_of({"null"}).events.at(0).problem == "the event is not an object");
  auto deep = event("user.updated", user()).dump();
  std::string nested = ",\"context\":";
  nested.append(10'000, '[').append(10'000, ']');
  deep.insert(deep.size() - 1, nested);
  const auto too_deep = page_of({deep});
  CHECK(too_deep.events.at(0).problem == "the event is nested deeper than 200 levels");
  CHECK(too_deep.events.at(0).raw.empty());
  CHECK(too_deep.events.at(0).id == "event_1");
  auto large = event("user.updated", user());
  large["context"] = std::string(5'000'000, 'x');
  CHECK(only(large).problem == "the event is larger than 1 MiB");
  CHECK(only(large).raw.empty());
}

TEST_CASE("secrets are not kept, codes only where a code lets somebody in") {
  const auto invitation =
      only(event("invitation.created", {{"object", "invitation"}, {"id", "invitation_1"}, {"token", "hidden"}}));
  CHECK(invitation.raw.find("hidden") == std::string::npos);
  const auto magic = only(event("magic_auth.created", {{"id", "magic_auth_1"}, {"code", "hidden"}}));
  CHECK(magic.raw.find("hidden") == std::string::npos);
  const auto failed = only(event("authentication.sso_failed", {{"error", {{"code", "no_connection"}}}}));
  CHECK(failed.raw.find("no_connection") != std::string::npos);
}

TEST_CASE("a webhook's body is one event, or it is refused") {
  const auto page = decode_event(event("user.updated", user()).dump(), answered_at);
  REQUIRE(page.events.size() == 1);
  CHECK(page.events[0].object_id == "user_1");
  CHECK_THROWS_AS(decode_event("{", answered_at), InvalidBody);
  for (const char* key : {"id", "event", "created_at"}) {
    auto spoiled = event("user.updated", user());
    spoiled.erase(key);
    CAPTURE(key);
    CHECK(caught_error([&] { decode_event(spoiled.dump(), answered_at); }).fault() == Fault::bad_data);
  }
  CHECK(caught_error([] { decode_event("[]", answered_at); }).fault() == Fault::bad_data);
  // An event that can't be applied is one all the same: it is parked.
  CHECK(!decode_event(event("user.updated", 7).dump(), answered_at).events[0].problem.empty());
}

}  // namespace
}  // namespace mirror::api
