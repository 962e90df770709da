#include "api/endpoint.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

#include "support/error.hpp"

namespace mirror::api {
namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

bool is_loopback(const std::string& host) {
  Poco::Net::IPAddress address;
  return host == "localhost" || (Poco::Net::IPAddress::tryParse(host, address) && address.isLoopback());
}

std::string base64(const std::string& text) {
  std::ostringstream encoded;
  Poco::Base64Encoder encoder(encoded);
  encoder.rdbuf()->setLineLength(0);
  encoder << text;
  encoder.close();
  return encoded.str();
}

/// One entry of NO_PROXY: a name with or without leading dot covers its subdomains too, `*` covers all.
bool covers(std::string entry, const Endpoint& endpoint) {
  if (entry == "*") return true;
  if (entry == bracketed(endpoint.host) || entry == endpoint.host_and_port()) return true;
  if (entry.starts_with('.')) entry.erase(0, 1);
  if (entry.empty()) return false;
  return endpoint.host == entry || endpoint.host.ends_with("." + entry);
}

bool is_excepted(const std::string& list, const Endpoint& endpoint) {
  std::istringstream entries(list);
  std::string entry;
  while (std::getline(entries, entry, ',')) {
    if (covers(Poco::toLower(Poco::trim(entry)), endpoint)) return true;
  }
  return false;
}

/// Lower case wins, as with curl.
std::string first_set(const Environment& environment, const char* lower, const char* upper) {
  const auto value = environment(lower);
  return value && !value->empty() ? *value : environment(upper).value_or("");
}

Proxy parse_proxy(const std::string& address) {
  const auto unreadable = [] {
    return Error(Fault::misconfigured, "the proxy address in the environment can't be read",
                 "Set HTTPS_PROXY or HTTP_PROXY to http://HOST:PORT, or add the API's host to NO_PROXY.");
  };
  try {
    const Poco::URI uri(address.find("://") == std::string::npos ? "http://" + address : address);
    if (uri.getScheme() != "http" || uri.getHost().empty()) throw unreadable();
    Proxy proxy{uri.getHost(), uri.getPort(), Secret()};
    std::string user_info;
    Poco::URI::decode(uri.getUserInfo(), user_info);
    if (!user_info.empty()) proxy.authorization = Secret("Basic " + base64(user_info));
    return proxy;
  } catch (const Poco::Exception&) {
    throw unreadable();  // Poco's own text would repeat the address, which may hold a password
  }
}

}  // namespace

std::string Endpoint::authority() const {
  return port == (tls ? 443 : 80) ? bracketed(host) : host_and_port();
}

std::string Endpoint::host_and_port() const {
  return fmt::format("{}:{}", bracketed(host), port);
}

Endpoint parse_base_url(const std::string& base_url) {
  const auto refuse = [](std::string_view why) -> Error {
    return {Fault::misconfigured, fmt::format("api.base_url {}", why),
            "Set it to an address such as https://api.workos.com."};
  };
  try {
    const Poco::URI uri(base_url);
    if (uri.getScheme() != "https" && uri.getScheme() != "http") throw refuse("has to start with https:// or http://");
    if (uri.getHost().empty()) throw refuse("names no host");
    if (!uri.getUserInfo().empty()) throw refuse("may not hold a user or password");
    if (!uri.getRawQuery().empty() || !uri.getFragment().empty()) throw refuse("may not hold a query or fragment");
    if (uri.getPort() == 0) throw refuse("names no usable port");
    std::string prefix;
    Poco::URI::encode(uri.getPath(), " ?#%", prefix);
    while (prefix.ends_with('/')) prefix.pop_back();
    return {uri.getScheme() == "https", Poco::toLower(uri.getHost()), uri.getPort(), std::move(prefix)};
  } catch (const Poco::Exception&) {
    throw refuse("is not a URL");
  }
}

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables after the start
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

std::optional<Proxy> find_proxy(const Endpoint& endpoint, const Environment& environment) {
  if (is_loopback(endpoint.host)) return std::nullopt;
  const std::string address = endpoint.tls ? first_set(environment, "https_proxy", "HTTPS_PROXY")
                                           : first_set(environment, "http_proxy", "HTTP_PROXY");
  if (address.empty() || is_excepted(first_set(environment, "no_proxy", "NO_PROXY"), endpoint)) return std::nullopt;
  return parse_proxy(address);
}

}  // namespace mirror::api
