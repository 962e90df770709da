#include "tests/conformance/emulated_directory.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace mirror::conformance {
namespace {

using nlohmann::json;

/// The emulator answers the last request of a minute with 429 already.
constexpr int quota = 999;

std::string list_path(std::string_view table) {
  return (table == "organizations" ? "/" : "/user_management/") + std::string(table);
}

}  // namespace

std::string EmulatedDirectory::create(std::string_view collection, const json& object) {
  return json::parse(call("POST", list_path(collection), object.dump())).at("id").get<std::string>();
}

void EmulatedDirectory::put(const std::string& path, const json& changes) {
  call("PUT", path, changes.dump());
}

void EmulatedDirectory::put(const std::string& path) {
  call("PUT", path);
}

void EmulatedDirectory::post(const std::string& path) {
  call("POST", path);
}

void EmulatedDirectory::remove(const std::string& path) {
  call("DELETE", path);
}

std::vector<std::string> EmulatedDirectory::list(std::string_view table) {
  std::vector<std::string> objects;
  if (table == "organization_domains") {
    for (const auto& organization : walk("/organizations")) {
      for (const auto& domain : organization.at("domains")) objects.push_back(domain.dump());
    }
    return objects;
  }
  // Unlike WorkOS, the emulator lists the memberships of all organizations at once: an independent look at them.
  for (const auto& object : walk(list_path(table))) objects.push_back(object.dump());
  return objects;
}

json EmulatedDirectory::walk(const std::string& path) {
  json all = json::array();
  std::string cursor;
  while (true) {
    const auto page = json::parse(call("GET", path + "?limit=100&order=desc" + cursor));
    all.insert(all.end(), page.at("data").begin(), page.at("data").end());
    const auto& after = page.at("list_metadata").at("after");
    if (after.is_null()) return all;
    cursor = "&after=" + after.get<std::string>();
  }
}

void EmulatedDirectory::spend_quota_but(int left) {
  while (requests_ < quota - left) call("GET", "/organizations?limit=1");
}

std::string EmulatedDirectory::call(std::string_view method, const std::string& target, const std::string& body) {
  ++requests_;
  const auto answer = emulator_.call(method, target, body);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw std::runtime_error(fmt::format("{} {}: {} {}", method, target, answer.status, answer.body));
}

}  // namespace mirror::conformance
