#pragma once

#include <optional>
#include <string>

#include "http/handler.hpp"

namespace mirror::http {

/// What makes the end of a request uncertain, so that a proxy in front may see it elsewhere than this server does and
/// let a second request pass inside the first (https://www.rfc-editor.org/rfc/rfc9112#section-11.2): two lengths, a
/// length beside a transfer coding, an unknown coding, a header whose name is none. Empty if there is nothing. Pure.
std::optional<std::string> find_ambiguity(const Request& head);

}  // namespace mirror::http
