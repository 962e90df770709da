#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace mirror::api {

/// The parts of a list's envelope that matter.
struct ListEnvelope {
  simdjson::dom::array data;
  std::string_view data_text;  ///< minified, from the beginning of `data` to the end of the answer
  std::optional<std::string> after;
};

/// `text` is the minified text of `root`. Throws ApiError (unavailable) if it is no WorkOS list. Only the decoders'
/// sources include this header.
ListEnvelope read_envelope(simdjson::dom::element root, std::string_view text);

}  // namespace mirror::api
