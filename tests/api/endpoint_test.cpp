#include "api/endpoint.hpp"

#include <map>

#include "support/error.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;

Environment variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string proxy_host(const std::string& base_url, std::map<std::string, std::string> values) {
  const auto proxy = find_proxy(parse_base_url(base_url), variables(std::move(values)));
  return proxy ? proxy->host : "none";
}

}  // namespace

TEST_CASE("a base URL gives scheme, host, port and prefix") {
  const Endpoint workos = parse_base_url("https://api.workos.com/");
  CHECK(workos.tls);
  CHECK(workos.authority() == "api.workos.com");
  CHECK(workos.path_prefix.empty());
  const Endpoint emulator = parse_base_url("http://[::1]:4100/v1/");
  CHECK_FALSE(emulator.tls);
  CHECK(emulator.host == "::1");
  CHECK(emulator.authority() == "[::1]:4100");
  CHECK(emulator.path_prefix == "/v1");
}

TEST_CASE("a base URL that can't be used is refused without repeating what it holds") {
  for (const char* bad : {"", "api.workos.com", "ftp://api.workos.com", "https://", "https://user:hidden@host/",
                          "https://host/?key=hidden", "https://host:99999/"}) {
    INFO(bad);
    try {
      parse_base_url(bad);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::misconfigured);
      CHECK_THAT(error.what(), ContainsSubstring("api.base_url") && !ContainsSubstring("hidden"));
    }
  }
}

TEST_CASE("the proxy follows the scheme, and lower case wins") {
  const std::map<std::string, std::string> both{{"HTTPS_PROXY", "http://secure:3128"}, {"http_proxy", "plain:8080"}};
  CHECK(proxy_host("https://api.workos.com", both) == "secure");
  CHECK(proxy_host("http://api.workos.com", both) == "plain");
  CHECK(proxy_host("https://api.workos.com", {{"HTTPS_PROXY", "upper:1"}, {"https_proxy", "lower:1"}}) == "lower");
  CHECK(proxy_host("https://api.workos.com", {}) == "none");
}

TEST_CASE("NO_PROXY and loopback addresses go directly") {
  const auto with = [](const std::string& base_url, const std::string& list) {
    return proxy_host(base_url, {{"https_proxy", "p:1"}, {"http_proxy", "p:1"}, {"NO_PROXY", list}});
  };
  CHECK(with("https://api.workos.com", "example.com, .WorkOS.com") == "none");
  CHECK(with("https://api.workos.com", "workos.com") == "none");
  CHECK(with("https://api.workos.com", "*") == "none");
  CHECK(with("https://api.workos.com", "os.com,,") == "p");
  CHECK(with("https://10.0.0.1:444", "10.0.0.1:444") == "none");
  CHECK(with("http://localhost:4100", "") == "none");
  CHECK(with("http://127.0.0.1:4100", "") == "none");
}

TEST_CASE("a proxy's password is sent as Basic and never shown") {
  const auto proxy =
      find_proxy(parse_base_url("https://api.workos.com"), variables({{"https_proxy", "http://us%65r:pass@p:3128"}}));
  REQUIRE(proxy);
  CHECK(proxy->port == 3128);
  CHECK(proxy->authorization.expose() == "Basic dXNlcjpwYXNz");
  try {
    find_proxy(parse_base_url("https://api.workos.com"), variables({{"https_proxy", "socks5://user:hidden@p:1"}}));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), !ContainsSubstring("hidden"));
  }
}
