#include "app/daemon_client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <nlohmann/json.hpp>

#include "http/http_options.hpp"
#include "support/log.hpp"

namespace mirror::app {
namespace {

/// Far more than a health answer; a stranger on that port can't fill our memory.
constexpr std::size_t largest_answer = 1024 * 1024;

/// A daemon that listens on all addresses is asked on loopback.
std::string address_to_ask(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

std::string read_at_most(std::istream& in, std::size_t limit) {
  std::string text(limit, '\0');
  in.read(text.data(), static_cast<std::streamsize>(limit));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

std::optional<std::string> ask_daemon_health(const std::string& listen, const std::string& environment) {
  try {
    const http::ListenAddress address = http::parse_listen_address(listen);
    Poco::Net::HTTPClientSession session(address_to_ask(address.host), address.port);
    session.setTimeout(Poco::Timespan(1, 0));
    Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET, "/healthz?environment=" + environment,
                                   Poco::Net::HTTPMessage::HTTP_1_1);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string body = read_at_most(session.receiveResponse(response), largest_answer);
    const auto parsed = nlohmann::json::parse(body, nullptr, false);
    const bool ours = parsed.is_object() && parsed.contains("findings") && parsed.contains("streams");
    return ours ? std::optional{body} : std::nullopt;
  } catch (const Poco::Exception& error) {
    log::debug("no daemon answers on {}: {}", listen, error.displayText());
    return std::nullopt;
  }
}

}  // namespace mirror::app
