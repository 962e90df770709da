#include "api/object_decoder.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "api/api_error.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using nlohmann::json;

std::string recorded(const std::string& name) {
  std::ifstream file(std::string(TEST_DATA_DIR) + "/" + name + ".json");
  std::ostringstream text;
  text << file.rdbuf();
  std::string object = text.str();
  while (object.ends_with('\n')) object.pop_back();
  return object;
}

std::string list_of(const std::vector<std::string>& items,
                    const std::string& metadata = R"({"before":null,"after":null})") {
  std::string body = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < items.size(); ++i) body += (i == 0 ? "" : ",") + items[i];
  return body + R"(],"list_metadata":)" + metadata + "}";
}

std::string column(const RowBatch& rows, std::string_view name, std::size_t row = 0) {
  const int index = column_index(rows.table(), name);
  REQUIRE(index >= 0);
  return std::string(rows.value(row, static_cast<std::size_t>(index)).value_or("NULL"));
}

std::string user(const std::string& more, const std::string& id = "user_1") {
  return R"({"id":")" + id + R"(","created_at":"2026-01-15T12:00:00.000Z","updated_at":"2026-01-15T12:00:00.000Z")" +
         more + "}";
}

ListPage user_page(const std::string& item) {
  return decode_list_page(list_of({item}), users());
}

}  // namespace

TEST_CASE("each recorded object decodes into all its columns") {
  const SingleObject ada = decode_object(recorded("user"), *users().table);
  CHECK(ada.found);
  CHECK(ada.row.id(0) == "user_01JHZ6T8M4Q2W7RC9V5XKBN3DA");
  CHECK(to_string(ada.row.created_at(0)) == "2026-01-15T12:00:00.000000Z");
  CHECK(to_string(ada.row.updated_at(0)) == "2026-02-01T09:30:00.125000Z");
  CHECK(column(ada.row, "email") == "ada@example.com");
  CHECK(column(ada.row, "email_verified") == "t");
  CHECK(column(ada.row, "last_name") == "NULL");
  CHECK(column(ada.row, "metadata") == R"({"plan":"pro","team":"analysis"})");
  CHECK(column(ada.row, "last_sign_in_at") == "2026-03-02T08:15:30.250000Z");
  CHECK(ada.row.raw(0) == recorded("user"));

  const SingleObject member = decode_object(recorded("organization_membership"), *organization_memberships().table);
  CHECK(column(member.row, "role_slug") == "admin");
  CHECK(column(member.row, "role_slugs") == R"({"admin","billing"})");
  CHECK(column(member.row, "directory_managed") == "f");
  CHECK(column(member.row, "custom_attributes") == R"({"department":"R&D","level":7})");

  for (const TableSpec* table : all_tables()) {
    INFO(table->name);
    const std::string name(table->name.substr(0, table->name.size() - 1));
    const SingleObject object = decode_object(recorded(name), *table);
    REQUIRE(object.row.size() == 1);
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
      const json value = json::parse(recorded(name))[std::string(table->columns[i].key)];
      CHECK(object.row.value(0, i).has_value() == !value.is_null());
    }
  }
}

TEST_CASE("secrets and objects with rows of their own are not part of what is kept") {
  for (const TableSpec* table : all_tables()) {
    const SingleObject object =
        decode_object(recorded(std::string(table->name.substr(0, table->name.size() - 1))), *table);
    const std::string raw(object.row.raw(0));
    INFO(raw);
    CHECK(raw.find("do-not-keep") == std::string::npos);
    const json kept = json::parse(raw);
    for (const std::string_view key : table->omitted_keys) CHECK_FALSE(kept.contains(std::string(key)));
    for (const RowBatch& rows : object.embedded) {
      for (std::size_t i = 0; i < rows.size(); ++i) CHECK(rows.raw(i).find("do-not-keep") == std::string::npos);
    }
  }
}

TEST_CASE("a membership mentions its user, if that is readable") {
  std::string unreadable = recorded("organization_membership");
  const std::string key = R"("user":{)";
  unreadable.replace(unreadable.find(key), key.size(), R"("other":{)");
  const auto page =
      decode_list_page(list_of({recorded("organization_membership"), unreadable}), organization_memberships());
  REQUIRE(page.listed.size() == 2);
  REQUIRE(page.mentioned.size() == 1);
  CHECK(page.mentioned[0].id == "user_01JHZ6T8M4Q2W7RC9V5XKBN3DA");
  CHECK(to_string(page.mentioned[0].created_at.value()) == "2026-01-15T12:00:00.000000Z");
  CHECK(decode_list_page(list_of({recorded("user")}), users()).mentioned.empty());
}

TEST_CASE("a secret is removed at any depth, from columns too") {
  std::string body = recorded("invitation");
  body.insert(1, R"("role_slug":{"x":[{"\u0074oken":"do-not-keep","y":1}]},)");
  body.replace(body.find(R"("role_slug":"member",)"), 21, "");
  const SingleObject object = decode_object(body, *invitations().table);
  CHECK(column(object.row, "role_slug") == R"({"x":[{"y":1}]})");
  CHECK(object.row.raw(0).find("do-not-keep") == std::string::npos);
}

TEST_CASE("an organization's domains become rows that name their organization") {
  const ListPage page = decode_list_page(list_of({recorded("organization")}), organizations());
  REQUIRE(page.embedded.size() == 1);
  const RowBatch& domains = page.embedded[0];
  REQUIRE(domains.size() == 2);
  CHECK(column(domains, "domain", 0) == "acme.example");
  CHECK(column(domains, "verification_prefix", 0) == "acme-verify");
  CHECK(column(domains, "organization_id", 1) == "org_01JHZ6T8M5A1B2C3D4E5F6G7H8");
  CHECK(column(domains, "verification_strategy", 1) == "NULL");
}

TEST_CASE("an undecodable domain is poison of its own and names its organization") {
  std::string body = recorded("organization");
  body.replace(body.find("org_domain_01JHZ6T8M6A1B2C3D4E5F6G7H9"), 37, "");
  const ListPage page = decode_list_page(list_of({body}), organizations());
  CHECK(page.rows.size() == 1);
  CHECK(page.embedded[0].size() == 1);
  REQUIRE(page.poison.size() == 1);
  CHECK(page.poison[0].table->name == "organization_domains");
  CHECK(page.poison[0].parent_id == "org_01JHZ6T8M5A1B2C3D4E5F6G7H8");
}

TEST_CASE("a missing list of domains is not an empty one") {
  const std::string without =
      R"({"id":"org_1","name":"A","created_at":"2026-01-15T12:00:00Z","updated_at":"2026-01-15T12:00:00Z"})";
  const ListPage page = decode_list_page(list_of({without}), organizations());
  CHECK(page.rows.empty());
  REQUIRE(page.poison.size() == 1);
  CHECK_THAT(page.poison[0].error, ContainsSubstring("domains"));
}

TEST_CASE("the hash follows the content and not the order of the keys or the white space") {
  const auto hash = [](const std::string& more) { return user_page(user(more)).rows.hash(0); };
  CHECK(hash(R"(,"a":1,"b":{"c":"x y"})") == hash(R"( , "b" : { "c" : "x y" } , "a" : 1 )"));
  CHECK(hash(R"(,"a":1)") != hash(R"(,"a":2)"));
  CHECK(hash(R"(,"ab":1)") != hash(R"(,"a":1)"));
  CHECK(hash(R"(,"a":null)") != hash(""));
  const auto member = decode_object(recorded("organization_membership"), *organization_memberships().table);
  std::string signed_in = recorded("organization_membership");
  signed_in.replace(signed_in.find(R"("last_sign_in_at":null)"), 22, R"("last_sign_in_at":"2026-05-05T00:00:00Z")");
  CHECK(decode_object(signed_in, *organization_memberships().table).row.hash(0) == member.row.hash(0));
}

TEST_CASE("a value that does not fit its column is NULL there and stays in the original") {
  const ListPage page = user_page(
      user(R"(,"email_verified":"yes","last_sign_in_at":"soon","first_name":7,"name":{"a":[1]},"metadata":null)"));
  REQUIRE(page.rows.size() == 1);
  CHECK(column(page.rows, "email_verified") == "NULL");
  CHECK(column(page.rows, "last_sign_in_at") == "NULL");
  CHECK(column(page.rows, "first_name") == "7");
  CHECK(column(page.rows, "name") == R"({"a":[1]})");
  CHECK(column(page.rows, "metadata") == "NULL");
  CHECK(column(page.rows, "email") == "NULL");
  CHECK_THAT(std::string(page.rows.raw(0)), ContainsSubstring(R"("email_verified":"yes")"));
}

TEST_CASE("an array literal survives every character of a slug") {
  std::string body = recorded("organization_membership");
  body.replace(body.find(R"([{"slug":"admin"},{"slug":"billing"}])"), 37,
               R"([{"slug":"a\"b\\c,{}"},{"slug":""},{"other":1}])");
  CHECK(column(decode_object(body, *organization_memberships().table).row, "role_slugs") == R"({"a\"b\\c,{}",""})");
}

TEST_CASE("an item without usable id or instants is poison and still listed") {
  const std::vector<std::string> items{
      user("", "user_1"),
      R"({"id":"user_2","created_at":"2026-01-15T12:00:00.000Z","updated_at":"never","email":"eve@example.com"})",
      R"({"id":"user_3","updated_at":"2026-01-15T12:00:00.000Z"})",
      R"({"id":17,"created_at":"2026-01-15T12:00:00.000Z","updated_at":"2026-01-15T12:00:00.000Z"})",
      "null",
      "[1,2]",
      user("", "user_7"),
  };
  const ListPage page = decode_list_page(list_of(items), users());
  REQUIRE(page.rows.size() == 2);
  CHECK(page.rows.id(1) == "user_7");
  REQUIRE(page.listed.size() == 7);
  CHECK(page.listed[1].id == "user_2");
  CHECK(page.listed[1].created_at.has_value());
  CHECK(page.listed[2].id == "user_3");
  CHECK_FALSE(page.listed[2].created_at.has_value());
  CHECK(page.listed[3].id.empty());
  REQUIRE(page.poison.size() == 5);
  CHECK(page.poison[0].id == "user_2");
  CHECK_THAT(page.poison[0].error, ContainsSubstring("updated_at") && !ContainsSubstring("never"));
  CHECK_THAT(page.poison[0].raw, ContainsSubstring("user_2"));
  CHECK_THAT(page.poison[4].error, ContainsSubstring("a list, not an object"));
}

TEST_CASE("an object nested too deeply is poison and does not harm its page") {
  const auto nested = [](int depth) {
    return user(R"(,"metadata":)" + std::string(static_cast<std::size_t>(depth), '[') +
                std::string(static_cast<std::size_t>(depth), ']'));
  };
  CHECK(user_page(nested(199)).rows.size() == 1);
  for (const int depth : {200, 5'000, 60'000}) {
    const ListPage page = decode_list_page(list_of({nested(depth), user("", "user_2")}), users());
    CHECK(page.rows.size() == 1);
    REQUIRE(page.poison.size() == 1);
    CHECK(page.poison[0].id == "user_1");
    CHECK(page.poison[0].raw.empty());
  }
}

TEST_CASE("numbers that fit no machine type are kept as they are") {
  const std::string metadata = R"({"a":123456789012345678901234567890,"b":1e400,"c":-0.5,"d":"9e999"})";
  const ListPage page = user_page(user(R"(,"metadata":)" + metadata));
  REQUIRE(page.rows.size() == 1);
  CHECK(column(page.rows, "metadata") == metadata);
  CHECK_THROWS_AS(user_page(user(R"(,"metadata":[123456789012345678901234567890,01])")), InvalidBody);
  CHECK_THROWS_AS(user_page(user(R"(,"metadata":[123456789012345678901234567890 7])")), InvalidBody);
}

TEST_CASE("the cursor ends a list only if it is null, missing or empty") {
  const auto after = [](const std::string& metadata) {
    return decode_list_page(list_of({user("")}, metadata), users()).after;
  };
  CHECK(after(R"({"before":null,"after":"user_1"})") == "user_1");
  CHECK_FALSE(after(R"({"before":null,"after":null})"));
  CHECK_FALSE(after(R"({"before":null})"));
  CHECK_FALSE(after(R"({"after":""})"));
  CHECK_FALSE(after("null"));
  CHECK_FALSE(decode_list_page(R"({"object":"list","data":[]})", users()).after);
  CHECK_THROWS_AS(after(R"({"after":7})"), ApiError);
  CHECK_THROWS_AS(after(R"("user_1")"), ApiError);
}

TEST_CASE("the items of a list are found wherever `data` stands") {
  const std::string more = R"("more":[{"data":"]"},"\"data\":["],"data_":{"list_metadata":7})";
  const std::string data = "\"data\":[" + user("") + "," + user("") + "]";
  const std::string metadata = R"("list_metadata":{"after":"user_1"})";
  const auto decode = [](const std::string& a, const std::string& b, const std::string& c) {
    return decode_list_page("{ " + a + " , " + b + "," + c + "}", users());
  };
  for (const auto& page : {decode(more, data, metadata), decode(data, metadata, more), decode(metadata, more, data)}) {
    CHECK(page.after == "user_1");
    CHECK(page.rows.size() == 2);
    CHECK(page.poison.empty());
  }
}

TEST_CASE("JSON that is not a list is refused with a hint at the base URL") {
  for (const std::string body : {R"({"status":"ok"})", "[]", "7", R"({"data":{}})", R"({"data":[],"data":[]})"}) {
    INFO(body);
    try {
      decode_list_page(body, users());
      FAIL("not refused");
    } catch (const ApiError& error) {
      CHECK(error.fault() == Fault::unavailable);
      CHECK_THAT(error.next_step(), ContainsSubstring("api.base_url"));
    }
  }
}

TEST_CASE("a body that is cut or garbled anywhere is invalid as a whole") {
  const std::string body = list_of({recorded("user"), recorded("user")});
  for (std::size_t length = 0; length < body.size(); ++length) {
    CHECK_THROWS_AS(decode_list_page(body.substr(0, length), users()), InvalidBody);
  }
  CHECK_THROWS_AS(user_page(user(R"(,"unknown":[1 2])")), InvalidBody);
  CHECK_THROWS_AS(user_page(user(R"(,"unknown":tru e)")), InvalidBody);
  CHECK_THROWS_AS(decode_list_page(body + "}", users()), InvalidBody);
}

TEST_CASE("of a repeated key the last value counts") {
  const ListPage page = user_page(user(R"(,"email":"a","email":"b")"));
  CHECK(column(page.rows, "email") == "b");
}

TEST_CASE("a single object that can't be decoded is a data error that names it") {
  try {
    decode_object(R"({"id":"user_9","email":"eve@example.com"})", *users().table);
    FAIL("decoded");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::bad_data);
    CHECK_THAT(error.what(),
               ContainsSubstring("user_9") && ContainsSubstring("created_at") && !ContainsSubstring("eve"));
  }
}
