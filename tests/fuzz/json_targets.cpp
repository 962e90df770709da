#include <fstream>
#include <iterator>

#include "api/api_error.hpp"
#include "api/canonical_json.hpp"
#include "api/event_decoder.hpp"
#include "api/http_transport.hpp"
#include "api/json_document.hpp"
#include "api/object_decoder.hpp"
#include "api/partial_object.hpp"
#include "api/text_repair.hpp"
#include "model/streams.hpp"
#include "support/error.hpp"
#include "tests/fuzz/target.hpp"

// Bodies reach these decoders with their text repaired, as the client and the webhook's way do it.

namespace mirror::fuzz {
namespace {

constexpr Instant answered_at{1'768'478'400'000'000};

std::string repaired(std::string_view input) {
  std::string text(input);
  api::repair_text(text);
  return text;
}

/// Runs a parser that may refuse its input, but not by calling it a bug of ours.
template <typename Parser>
void tolerate_refusal(Parser parser) {
  try {
    parser();
  } catch (const Error& error) {
    require(error.fault() != Fault::bug, "an input was called a bug");
  }
}

std::string recorded(const std::string& name) {
  std::ifstream in(FUZZ_DATA_DIR "/" + name + ".json", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> objects() {
  std::vector<std::string> all;
  for (const char* name : {"organization", "user", "organization_membership", "invitation", "organization_domain"})
    all.push_back(recorded(name));
  return all;
}

std::string event_of(const std::string& type, const std::string& data) {
  return R"({"object":"event","id":"event_01K3","event":")" + type + R"(","data":)" + data +
         R"(,"created_at":"2026-01-15T12:00:00.000Z","context":{"actor":{"source":"api"}}})";
}

std::vector<std::string> single_events() {
  return {
      event_of("user.updated", recorded("user")),
      event_of("user.deleted", R"({"object":"user","id":"user_1"})"),
      event_of("organization.created", recorded("organization")),
      event_of("organization_membership.updated", recorded("organization_membership")),
      event_of("invitation.accepted", recorded("invitation")),
      event_of("new.thing", "{}"),
      R"({"id":"event_1","event":"user.created","created_at":"9999-12-31T23:59:59Z","data":{"id":"user_\u0000\ud800"}})"};
}

std::string list_of(const std::vector<std::string>& items, const std::string& after = "null") {
  std::string text = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : ",") + items[i];
  return text + R"(],"list_metadata":{"before":null,"after":)" + after + "}}";
}

std::vector<std::string> event_pages() {
  return {list_of(single_events(), "\"event_01K3\""), list_of({}), list_of({"1", "null", "[]", "{}"}),
          "<html>502</html>"};
}

std::vector<std::string> list_pages() {
  std::vector<std::string> all;
  for (const std::string& one : objects()) all.push_back(list_of({one, one}, "\"id\""));
  all.push_back(list_of({}));
  all.push_back(R"({"data":{},"list_metadata":[]})");
  return all;
}

void run_events(std::string_view input) {
  tolerate_refusal([&] {
    const auto page = api::decode_event_page(repaired(input), answered_at);
    for (const api::Event& each : page.events) {
      (void)page.time_of(each);
      for (const auto& row : each.rows) require(row.row < page.batches.at(row.batch).size(), "an event's row is none");
    }
  });
}

void run_event(std::string_view input) {
  tolerate_refusal([&] {
    const auto page = api::decode_event(repaired(input), answered_at);
    require(page.events.size() == 1, "one event is not one");
    require(!page.events.front().id.empty(), "an event without an id was taken");
  });
}

/// What leaves a decoder goes into PostgreSQL as it is.
void require_storable(const RowBatch& rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::string raw(rows.raw(row));
    require(!rows.id(row).empty(), "a row without an id");
    require(api::repair_text(raw) == 0, "a row holds text that can't be stored");
    api::JsonDocument::borrow()->parse(raw);
  }
}

void run_list(std::string_view input) {
  const std::string body = repaired(input);
  for (const StreamSpec* stream : all_streams()) {
    tolerate_refusal([&] { require_storable(api::decode_list_page(body, *stream).rows); });
  }
}

void run_object(std::string_view input) {
  const std::string body = repaired(input);
  for (const TableSpec* table : all_tables()) {
    tolerate_refusal([&] { require_storable(api::decode_object(body, *table).row); });
  }
}

std::string canonical_of(std::string_view text) {
  const auto document = api::JsonDocument::borrow();
  const auto root = document->parse(text);
  std::string out;
  api::append_canonical(root, document->text(), out);
  return out;
}

void run_canonical(std::string_view input) {
  tolerate_refusal([&] {
    const std::string once = canonical_of(repaired(input));
    require(canonical_of(once) == once, "the one spelling has another");
  });
}

/// Both objects come from one input, split at its first line end.
void run_partial(std::string_view input) {
  const std::size_t middle = std::min(input.find('\n'), input.size());
  const std::string known = repaired(input.substr(0, middle));
  const std::string told = repaired(input.substr(std::min(middle + 1, input.size())));
  for (const TableSpec* table : all_tables()) {
    tolerate_refusal([&] {
      (void)api::decode_object(known, *table);  // only what was a row is held
      (void)api::decode_object(told, *table);
      if (const auto whole = api::completed(*table, told, known)) require_storable(*whole);
    });
  }
}

std::vector<std::string> pairs() {
  std::vector<std::string> all;
  for (std::string one : objects()) {
    std::erase(one, '\n');
    all.push_back(one + "\n" + one);
  }
  return all;
}

void run_error_body(std::string_view input) {
  const std::string secret = "sk_test_hush";
  for (const int status : {200, 400, 401, 403, 404, 422, 429, 500}) {
    const api::HttpResponse response{
        status, {{"content-type", "application/json"}, {"date", "Thu, 15 Jan 2026 12:00:00 GMT"}}, repaired(input)};
    const auto error = api::make_api_error({"GET", "/users", {}, {}}, response, {secret, answered_at, answered_at});
    const std::string said = error.what() + error.next_step();
    require(said.find(secret) == std::string::npos, "an error shows the key");
    require(said.find('\n') == std::string::npos, "an error breaks the log's lines");
  }
}

std::vector<std::string> error_bodies() {
  return {R"({"message":"Not Found"})",
          R"({"code":"user_creation_error","message":"no","errors":[{"code":"email_not_available","message":"m"}]})",
          R"({"message":"bad","errors":[{"field":"events","code":"invalid"}]})",
          R"({"error":"invalid_grant","error_description":"The code sk_test_hush\nhas expired"})",
          R"({"error":{"message":1},"errors":["a",{"code":2}]})",
          "<html><body>502 Bad Gateway</body></html>",
          "",
          "null"};
}

}  // namespace

const Target events{"events", run_events, event_pages};
const Target event{"event", run_event, single_events};
const Target list{"list", run_list, list_pages};
const Target object{"object", run_object, objects};
const Target canonical{"canonical", run_canonical, objects};
const Target partial{"partial", run_partial, pairs};
const Target error_body{"error_body", run_error_body, error_bodies};

}  // namespace mirror::fuzz
