#include "tests/harness/connection_string.hpp"

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>

namespace mirror::harness {

std::map<std::string, std::string> parse_connection_string(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{PQconninfoParse(url.c_str(), nullptr),
                                                                             &PQconninfoFree};
  if (!options) throw std::runtime_error("not a PostgreSQL connection string");
  std::map<std::string, std::string> settings;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings[option->keyword] = option->val;
  }
  return settings;
}

std::string to_connection_string(const std::map<std::string, std::string>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += (text.empty() ? "" : " ") + name + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += '\'';
  }
  return text;
}

}  // namespace mirror::harness
