#include "http/environment_view.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace mirror::http {
namespace {

/// Names hold no character that a query would have to encode.
std::optional<std::string_view> named_environment(std::string_view query) {
  constexpr std::string_view key = "environment=";
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    if (part.starts_with(key)) return part.substr(key.size());
    query.remove_prefix(std::min(query.size(), part.size() + 1));
  }
  return std::nullopt;
}

}  // namespace

EnvironmentViews asked_for(const Request& request, const EnvironmentViews& all) {
  const auto name = named_environment(request.query);
  if (!name) return all;
  EnvironmentViews found;
  std::ranges::copy_if(all, std::back_inserter(found), [&](const EnvironmentView& each) { return each.name == *name; });
  return found;
}

Response no_such_environment(const EnvironmentViews& all) {
  std::string names;
  for (const EnvironmentView& each : all) names += (names.empty() ? "" : ", ") + each.name;
  return error_response(404, "no_such_environment", "there is no environment of that name here, only: " + names);
}

std::string told_of(const EnvironmentView& view, const EnvironmentViews& all, const std::string& text) {
  return all.size() > 1 ? view.name + ": " + text : text;
}

}  // namespace mirror::http
