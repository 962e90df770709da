#include "db/database_url.hpp"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "support/error.hpp"
#include "support/secret.hpp"

namespace mirror::db {
namespace {

using Parsed = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// libpq would say what is wrong with it, but repeats parts of it, which may be the password.
Parsed parse(const std::string& url) {
  return {PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree};
}

/// libpq marks what a dialog should hide with a star.
bool is_secret(const PQconninfoOption& option) {
  return std::string_view(option.dispchar) == "*";
}

std::string quoted(std::string_view value) {
  if (!value.empty() && value.find_first_of(" '\\") == std::string_view::npos) return std::string(value);
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

}  // namespace

void require_connection_string(const std::string& url) {
  if (parse(url)) return;
  throw Error(Fault::misconfigured, "database.url is not a PostgreSQL connection string",
              "Write it like \"postgresql://user@host:5432/database?sslmode=verify-full\" or "
              "\"host=/run/postgresql dbname=authkit_mirror\".");
}

std::string without_password(const std::string& url) {
  const Parsed parsed = parse(url);
  if (!parsed) return hidden_secret;
  std::string text;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    if (!text.empty()) text += ' ';
    text += std::string(option->keyword) + "=" + (is_secret(*option) ? hidden_secret : quoted(option->val));
  }
  return text;
}

}  // namespace mirror::db
