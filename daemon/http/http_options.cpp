#include "http/http_options.hpp"

#include <charconv>

#include "support/error.hpp"

namespace mirror::http {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& key) {
  throw Error(Fault::misconfigured, key + " = \"" + text + "\" is not host:port",
              "write it like 127.0.0.1:8464, or [::1]:8464 for an IPv6 address");
}

}  // namespace

ListenAddress parse_listen_address(const std::string& text, const std::string& key) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) refuse(text, key);
  ListenAddress address{text.substr(0, colon), 0};
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    refuse(text, key);
  }
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc{} || stopped != end || address.host.empty()) refuse(text, key);
  return address;
}

}  // namespace mirror::http
