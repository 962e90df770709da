// Rule R2: what an event lacks is kept or cleared.

#include "api/partial_object.hpp"

#include <nlohmann/json.hpp>

#include "api/object_decoder.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"

namespace mirror::api {
namespace {

using nlohmann::json;

const json times{{"created_at", "2026-01-15T12:00:00.000Z"}, {"updated_at", "2026-01-16T12:00:00.000Z"}};

json with_times(json object) {
  object.update(times);
  return object;
}

json membership() {
  return with_times({{"object", "organization_membership"},
                     {"id", "om_1"},
                     {"user_id", "user_1"},
                     {"organization_id", "org_1"},
                     {"organization_name", "Caf\xC3\xA9"},
                     {"status", "active"},
                     {"role", {{"slug", "admin"}}},
                     {"roles", {{{"slug", "admin"}}}},
                     {"directory_managed", false},
                     {"custom_attributes", {{"level", 7}}}});
}

std::string column(const RowBatch& rows, std::string_view name) {
  const int index = column_index(rows.table(), name);
  REQUIRE(index >= 0);
  return std::string(rows.value(0, static_cast<std::size_t>(index)).value_or("NULL"));
}

const TableSpec& memberships() {
  return *organization_memberships().table;
}

TEST_CASE("what events never carry is kept, and the whole is the object that a list shows") {
  auto event = membership();
  event.erase("organization_name");
  // As PostgreSQL spells it: other order, spaces, no escapes.
  const auto known = membership().dump(1);
  const auto whole = completed(memberships(), event.dump(), known);
  REQUIRE(whole);
  CHECK(column(*whole, "organization_name") == "Caf\xC3\xA9");
  CHECK(json::parse(whole->raw(0)) == membership());
  const auto listed = decode_object(membership().dump(-1, ' ', true), memberships());
  CHECK(whole->hash(0) == listed.row.hash(0));
}

TEST_CASE("what events carry is cleared by its absence") {
  auto event = membership();
  event.erase("organization_name");
  event.erase("roles");
  event.erase("custom_attributes");
  const auto whole = completed(memberships(), event.dump(), membership().dump());
  REQUIRE(whole);
  CHECK(column(*whole, "role_slugs") == "NULL");
  CHECK(column(*whole, "custom_attributes") == "NULL");
  CHECK(column(*whole, "role_slug") == "admin");
  CHECK(!json::parse(whole->raw(0)).contains("roles"));
}

TEST_CASE("members that nobody has heard of are kept, those that the event tells anew are its own") {
  auto known = membership();
  known["added_by_workos_last_night"] = {{"level", 3}};
  known["status"] = "pending";
  auto event = membership();
  event.erase("organization_name");
  const auto whole = completed(memberships(), event.dump(), known.dump());
  REQUIRE(whole);
  const auto raw = json::parse(whole->raw(0));
  CHECK(raw["added_by_workos_last_night"]["level"] == 3);
  CHECK(column(*whole, "status") == "active");
}

TEST_CASE("an explicit null clears what would be kept") {
  auto event = membership();
  event["organization_name"] = nullptr;
  CHECK_FALSE(completed(memberships(), event.dump(), membership().dump()));  // nothing is missing
}

TEST_CASE("an event that lacks nothing is whole") {
  CHECK_FALSE(completed(memberships(), membership().dump(), membership().dump()));
  const auto user = with_times({{"object", "user"}, {"id", "user_1"}, {"email", "a@example.com"}});
  auto known = user;
  known["metadata"] = {{"plan", "pro"}};
  known["locale"] = "en";
  CHECK_FALSE(completed(*users().table, user.dump(), known.dump()));
}

}  // namespace
}  // namespace mirror::api
