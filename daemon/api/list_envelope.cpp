#include "api/list_envelope.hpp"

#include <fmt/format.h>

#include "api/api_error.hpp"
#include "api/json_slices.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

ApiError not_a_list(std::string_view why) {
  ApiProblem problem;
  problem.status = 200;
  return {Fault::unavailable, fmt::format("the answer is JSON, but not a WorkOS list: {}", why),
          "Check api.base_url: it has to be the address of the WorkOS API.", std::move(problem)};
}

/// Only null, a missing or an empty cursor end a list: a cursor that can't be read must not pass for the end.
std::optional<std::string> read_cursor(dom::element metadata) {
  dom::element after;
  if (metadata.is_null()) return std::nullopt;
  if (!metadata.is_object()) throw not_a_list("`list_metadata` is not an object");
  if (metadata.at_key("after").get(after) != simdjson::SUCCESS || after.is_null()) return std::nullopt;
  std::string_view cursor;
  if (after.get_string().get(cursor) != simdjson::SUCCESS) throw not_a_list("`list_metadata.after` is not a string");
  return cursor.empty() ? std::nullopt : std::optional<std::string>(cursor);
}

}  // namespace

ListEnvelope read_envelope(dom::element root, std::string_view text) {
  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) throw not_a_list("it is not an object");
  ListEnvelope envelope;
  bool has_data = false;
  MemberSlices slices(text);
  std::string_view key_text;
  for (const dom::key_value_pair member : object) {
    if (member.key == "list_metadata") envelope.after = read_cursor(member.value);
    if (has_data && member.key == "data") throw not_a_list("it has `data` twice");
    // Whoever reads the elements finds the end of `data`: nearly all of the text, so nobody looks for it before.
    if (has_data || !slices.next_key(key_text)) continue;
    if (member.key == "data") {
      has_data = member.value.get_array().get(envelope.data) == simdjson::SUCCESS;
      envelope.data_text = slices.rest();
    } else {
      slices.value();
    }
  }
  if (!has_data) throw not_a_list("it has no array `data`");
  return envelope;
}

}  // namespace mirror::api
