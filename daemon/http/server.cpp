#include "http/server.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "support/error.hpp"
#include "support/json_text.hpp"
#include "support/log.hpp"
#include "support/version.hpp"

namespace mirror::http {
namespace {

namespace net = Poco::Net;

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// False if the body is larger than the limit; what is beyond it is not read.
bool read_body(std::istream& in, std::size_t limit, std::string& body) {
  char buffer[8192];
  while (in.read(buffer, sizeof buffer), in.gcount() > 0) {
    body.append(buffer, static_cast<std::size_t>(in.gcount()));
    if (body.size() > limit) return false;
  }
  return true;
}

Request read_head(const net::HTTPServerRequest& incoming) {
  Request request;
  request.method = incoming.getMethod();
  const std::string& target = incoming.getURI();
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  for (const auto& [name, value] : incoming) request.headers.emplace_back(lower_case(name), value);
  return request;
}

bool accepts(const Route& route, const std::string& method) {
  return method == route.method || (method == "HEAD" && route.method == "GET");
}

/// The edge where every exception of a handler ends.
Response answer_safely(const Route& route, const Request& request) {
  try {
    return route.answer(request);
  } catch (const std::exception& error) {
    log::error("answering {} failed: {}", request.path, error.what());
    return error_response(500, "internal_error", "the daemon could not answer; its log says why");
  }
}

class RequestHandler final : public net::HTTPRequestHandler {
 public:
  RequestHandler(const Routes& routes, std::size_t body_limit) : routes_(routes), body_limit_(body_limit) {}

  void handleRequest(net::HTTPServerRequest& incoming, net::HTTPServerResponse& outgoing) override {
    Request request = read_head(incoming);
    const Response response = respond(request, incoming, outgoing);
    outgoing.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(response.status));
    outgoing.setContentType(response.content_type);
    outgoing.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
    outgoing.set("Server", std::string{"authkit-mirror/"} + version());
    outgoing.set("Cache-Control", "no-store");
    outgoing.send() << response.body;  // for HEAD, Poco's stream ends with the headers
  }

 private:
  Response respond(Request& request, net::HTTPServerRequest& incoming, net::HTTPServerResponse& outgoing) const {
    const auto place = routes_.find(request.path);
    if (place == routes_.end()) return error_response(404, "not_found", "there is nothing at this path");
    const Route& route = place->second;
    if (!accepts(route, request.method)) {
      outgoing.set("Allow", route.method == "GET" ? "GET, HEAD" : route.method);
      return error_response(405, "method_not_allowed", "this path answers " + route.method + " only");
    }
    if (!read_body(incoming.stream(), body_limit_, request.body)) {
      return error_response(413, "too_large", "the body is larger than " + std::to_string(body_limit_) + " bytes");
    }
    return answer_safely(route, request);
  }

  const Routes& routes_;
  std::size_t body_limit_;
};

class HandlerFactory final : public net::HTTPRequestHandlerFactory {
 public:
  HandlerFactory(Routes routes, std::size_t body_limit) : routes_(std::move(routes)), body_limit_(body_limit) {}

  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return new RequestHandler(routes_, body_limit_);  // the server's API takes ownership of a plain pointer
  }

 private:
  Routes routes_;
  std::size_t body_limit_;
};

net::HTTPServerParams::Ptr server_params(const HttpOptions& options) {
  net::HTTPServerParams::Ptr params = new net::HTTPServerParams;
  params->setMaxThreads(options.threads);
  params->setMaxQueued(options.queued_connections);
  params->setKeepAlive(false);
  params->setTimeout(Poco::Timespan(options.timeout.count(), 0));
  return params;
}

net::ServerSocket listen_on(const HttpOptions& options) {
  const ListenAddress address = parse_listen_address(options.listen);
  try {
    net::ServerSocket socket;
    socket.bind(net::SocketAddress(address.host, address.port), true, false);
    socket.listen(options.queued_connections);
    return socket;
  } catch (const Poco::Exception& error) {
    throw Error(Fault::misconfigured, "cannot listen on " + options.listen + ": " + error.displayText(),
                "stop what uses this address, or set http.listen to a free address of this host");
  }
}

}  // namespace

/// The parts in the order in which they must be built; they go in the opposite order.
class Server::Listener {
 public:
  Listener(const HttpOptions& options, Routes routes)
      : threads_(1, std::max(options.threads, 1)),
        server_(new HandlerFactory(std::move(routes), options.body_limit), threads_, listen_on(options),
                server_params(options)) {
    server_.start();
  }

  void stop() {
    server_.stop();
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{1};
    while (server_.currentConnections() > 0 && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    server_.stopAll(true);
    threads_.joinAll();
  }

  [[nodiscard]] unsigned short port() const { return server_.port(); }

 private:
  Poco::ThreadPool threads_;
  net::HTTPServer server_;
};

Server::Server(const HttpOptions& options, Routes routes)
    : listener_(std::make_unique<Listener>(options, std::move(routes))), port_(listener_->port()) {
  address_ = options.listen.substr(0, options.listen.rfind(':') + 1) + std::to_string(port_);
}

Server::~Server() {
  stop();
}

void Server::stop() {
  if (!listener_) return;
  listener_->stop();
  listener_.reset();
}

Response error_response(int status, const std::string& code, const std::string& message) {
  return {status, "application/json",
          "{\"error\":" + json_string(code) + ",\"message\":" + json_string(message) + "}\n"};
}

}  // namespace mirror::http
