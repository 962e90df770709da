#pragma once

#include <string>
#include <string_view>

#include "tests/simulator/http_message.hpp"

namespace mirror::simulator {

/// Takes one whole request out of `received` (head and Content-Length bytes of body). False: more bytes are needed.
/// Throws Error (bad_data) for what is no HTTP/1 request.
bool take_request(std::string& received, Request& request);

/// Status line and headers, up to and with the empty line.
std::string answer_head(const Answer& answer, bool keep_alive);

}  // namespace mirror::simulator
