#include "app/option_rules.hpp"

#include <algorithm>
#include <string_view>

#include "support/error.hpp"

namespace mirror::app {
namespace {

bool is_web_address(const std::string& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme))
      return text.size() > scheme.size() && text.find_first_of(" ?#@\t\r\n") == std::string::npos;
  }
  return false;
}

}  // namespace

std::string refuse_base_url(const OptionValue& value) {
  return is_web_address(value.text) ? "" : "an address like https://api.workos.com";
}

std::string refuse_environment(const OptionValue& value) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  const bool fits =
      !value.text.empty() && value.text.size() <= 63 && std::all_of(value.text.begin(), value.text.end(), allowed);
  return fits ? "" : "1 to 63 letters, digits, '-', '_' and '.'";
}

/// PostgreSQL cuts longer names silently, and reserves the prefix pg_.
std::string refuse_identifier(const OptionValue& value) {
  const bool fits =
      value.text.size() <= 63 && !value.text.starts_with("pg_") && value.text.find('\0') == std::string::npos;
  return fits ? "" : "a name of at most 63 bytes that does not begin with pg_";
}

std::string refuse_schema(const OptionValue& value) {
  return value.text.empty() ? "a name of 1 to 63 bytes" : refuse_identifier(value);
}

std::string refuse_empty(const OptionValue& value) {
  return value.text.empty() ? "a text that is not empty" : "";
}

/// A key with a line break in it would forge headers; with a space it was copied wrongly.
std::string refuse_spaces(const OptionValue& value) {
  const auto visible = [](char c) { return c > ' ' && c < 127; };
  const bool fits = !value.text.empty() && std::all_of(value.text.begin(), value.text.end(), visible);
  return fits ? "" : "visible ASCII characters, without spaces and line breaks";
}

std::string refuse_listen(const OptionValue& value) {
  try {
    http::parse_listen_address(value.text);
    return {};
  } catch (const Error&) {
    return "host:port, for example 127.0.0.1:8464 or [::1]:8464";
  }
}

db::PreparedStatements prepared_of(const std::string& text) {
  if (text == "auto") return db::PreparedStatements::automatic;
  return text == "true" ? db::PreparedStatements::on : db::PreparedStatements::off;
}

log::Level level_of(const std::string& text) {
  if (text == "trace") return log::Level::trace;
  if (text == "debug") return log::Level::debug;
  if (text == "warning") return log::Level::warning;
  return text == "error" ? log::Level::error : log::Level::info;
}

}  // namespace mirror::app
