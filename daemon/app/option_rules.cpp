#include "app/option_rules.hpp"

#include <algorithm>
#include <sstream>
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

bool is_visible(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

std::string trimmed(const std::string& text) {
  constexpr const char* blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Words joined by dots: user.created, organization_membership.deleted.
bool is_event_type(const std::string& text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '.'; };
  return text.find('.') != std::string::npos && text.find("..") == std::string::npos && text.front() != '.' &&
         text.back() != '.' && std::all_of(text.begin(), text.end(), allowed);
}

/// Separated by commas; blank lines do not count, empty parts of a line do.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    for (std::string& word : split_list(line)) words.push_back(std::move(word));
  }
  return words;
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

std::string refuse_environment_section(const std::string& name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  const bool fits = !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), allowed);
  return fits ? "" : "1 to 63 of a to z, 0 to 9, '-' and '_'";
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
  return is_visible(value.text) ? "" : "visible ASCII characters, without spaces and line breaks";
}

std::string refuse_listen(const OptionValue& value) {
  try {
    http::parse_listen_address(value.text);
    return {};
  } catch (const Error&) {
    return "host:port, for example 127.0.0.1:8464 or [::1]:8464";
  }
}

std::string refuse_listen_or_none(const OptionValue& value) {
  return value.text.empty() ? std::string{} : refuse_listen(value);
}

std::string refuse_event_types(const OptionValue& value) {
  const auto types = split_list(value.text);
  const bool fits = std::all_of(types.begin(), types.end(), is_event_type);
  return fits ? "" : "names of WorkOS events separated by commas, for example session.created, session.revoked";
}

std::string refuse_webhook_secret(const OptionValue& value) {
  const auto secrets = words_of(value.text);
  const bool fits = !secrets.empty() && std::all_of(secrets.begin(), secrets.end(), is_visible);
  return fits ? ""
              : "the secret that the WorkOS dashboard shows for the webhook endpoint, or several of them separated by "
                "commas or line breaks, none of them empty";
}

std::string refuse_address_list(const OptionValue& value) {
  return http::AddressList::parse(value.text)
             ? ""
             : "addresses and networks separated by commas, for example 192.0.2.1, 198.51.100.0/24, 2001:db8::/32";
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  if (trimmed(text).empty()) return parts;
  std::size_t start = 0;
  while (true) {
    const std::size_t comma = text.find(',', start);
    parts.push_back(trimmed(text.substr(start, comma - start)));
    if (comma == std::string::npos) return parts;
    start = comma + 1;
  }
}

std::vector<Secret> webhook_secrets_of(const std::string& text) {
  std::vector<Secret> secrets;
  for (std::string& word : words_of(text)) secrets.emplace_back(std::move(word));
  return secrets;
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
