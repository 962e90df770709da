#include "http/server.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "http/framing.hpp"
#include "http/request_socket.hpp"
#include "support/error.hpp"
#include "support/json_text.hpp"
#include "support/log.hpp"
#include "support/version.hpp"

namespace mirror::http {
namespace {

namespace net = Poco::Net;

RequestSocket& socket_of(net::HTTPServerRequestImpl& incoming) {
  return static_cast<RequestSocket&>(*incoming.socket().impl());  // the listener makes no others
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// Chunks are a second way to tell where a body ends: nothing may follow them on a connection.
bool is_chunked(const net::HTTPServerRequest& incoming) {
  return incoming.getChunkedTransferEncoding();
}

/// A request that says nothing of a body has none (https://www.rfc-editor.org/rfc/rfc9112#section-6.3); Poco would read
/// on until the client closes.
bool has_body(const net::HTTPServerRequest& incoming) {
  if (is_chunked(incoming)) return true;
  return incoming.hasContentLength() && incoming.getContentLength64() != 0;
}

/// What is beyond the limit is not read.
enum class Arrival { whole, too_large, too_late, crowded_out, cut_off };

Arrival read_body(net::HTTPServerRequestImpl& incoming, std::size_t limit, std::string& body) {
  if (!has_body(incoming)) return Arrival::whole;
  const bool has_length = incoming.hasContentLength();
  const auto announced = has_length ? static_cast<std::uint64_t>(incoming.getContentLength64()) : 0;
  if (has_length && announced > limit) return Arrival::too_large;
  if (has_length) socket_of(incoming).expect_body(announced);
  std::istream& in = incoming.stream();
  char buffer[8192];
  while (in.read(buffer, sizeof buffer), in.gcount() > 0) {
    body.append(buffer, static_cast<std::size_t>(in.gcount()));
    if (body.size() > limit) return Arrival::too_large;
  }
  if (socket_of(incoming).has_expired()) return Arrival::too_late;
  if (socket_of(incoming).was_crowded_out()) return Arrival::crowded_out;
  return in.bad() || (has_length && body.size() < announced) ? Arrival::cut_off : Arrival::whole;
}

/// What Poco made of the head must be what is in it, or it may end elsewhere for a proxy in front.
std::optional<std::string> find_misreading(const net::HTTPServerRequest& incoming, const HeadScan& head) {
  if (head.is_malformed()) return "the head holds bytes or line ends that it must not";
  if (incoming.size() != head.headers()) return "a header has no colon, or is too long";
  const std::string& version = incoming.getVersion();
  if (version != net::HTTPMessage::HTTP_1_1 && version != net::HTTPMessage::HTTP_1_0) {
    return "the first line must be method, path and HTTP/1.1, with a space between";
  }
  return std::nullopt;
}

Request read_head(const net::HTTPServerRequest& incoming) {
  Request request;
  request.method = incoming.getMethod();
  const std::string& target = incoming.getURI();
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.client = incoming.clientAddress().host().toString();
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
  RequestHandler(const Routes& routes, std::size_t body_limit, bool crowded)
      : routes_(routes), body_limit_(body_limit), crowded_(crowded) {}

  void handleRequest(net::HTTPServerRequest& incoming, net::HTTPServerResponse& outgoing) override {
    auto& arriving = static_cast<net::HTTPServerRequestImpl&>(incoming);  // Poco's server makes no others
    const Response response = respond(arriving, outgoing);
    outgoing.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(response.status));
    outgoing.setContentType(response.content_type);
    outgoing.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
    outgoing.set("Server", std::string{"authkit-mirror/"} + version());
    outgoing.set("Cache-Control", "no-store");
    for (const auto& [name, value] : response.headers) outgoing.set(name, value);
    if (!may_go_on_) outgoing.setKeepAlive(false);
    outgoing.send() << response.body << std::flush;  // for HEAD, Poco's stream ends with the headers
    if (!body_was_read_ || is_chunked(arriving)) socket_of(arriving).close_gently();
    socket_of(arriving).expect_head();
  }

 private:
  Response respond(net::HTTPServerRequestImpl& incoming, net::HTTPServerResponse& outgoing) {
    if (const auto misreading = find_misreading(incoming, socket_of(incoming).head())) {
      return error_response(400, "bad_request", *misreading);
    }
    Request request = read_head(incoming);
    if (const auto ambiguity = find_ambiguity(request)) return error_response(400, "bad_request", *ambiguity);
    body_was_read_ = !has_body(incoming);
    if (body_was_read_) socket_of(incoming).expect_body(0);
    const auto place = routes_.find(request.path);
    if (place == routes_.end()) return error_response(404, "not_found", "there is nothing at this path");
    const Route& route = place->second;
    if (!accepts(route, request.method)) {
      outgoing.set("Allow", route.method == "GET" ? "GET, HEAD" : route.method);
      return error_response(405, "method_not_allowed", "this path answers " + route.method + " only");
    }
    if (route.refuse) {
      if (auto refusal = route.refuse(request)) return *refusal;
    }
    if (auto refusal = take_body(route, incoming, request.body)) return *refusal;
    may_go_on_ = route.keep_alive && !crowded_ && !is_chunked(incoming);
    return answer_safely(route, request);
  }

  /// Empty if all of it is there.
  std::optional<Response> take_body(const Route& route, net::HTTPServerRequestImpl& incoming, std::string& body) {
    const std::size_t limit = route.body_limit > 0 ? route.body_limit : body_limit_;
    const Arrival arrival = read_body(incoming, limit, body);
    body_was_read_ = arrival == Arrival::whole;
    if (body_was_read_) return std::nullopt;
    if (arrival == Arrival::cut_off) return error_response(400, "cut_off", "the body ended before it was complete");
    Response refusal = refuse_body(arrival, limit);
    if (route.on_refused) route.on_refused(refusal.status);
    return refusal;
  }

  static Response refuse_body(Arrival arrival, std::size_t limit) {
    if (arrival == Arrival::too_large) {
      return error_response(413, "too_large", "the body is larger than " + std::to_string(limit) + " bytes");
    }
    if (arrival == Arrival::too_late) return error_response(408, "too_late", "the request took too long to arrive");
    Response crowded = error_response(503, "crowded", "too many requests arrive slowly; send it again, and at once");
    crowded.headers.emplace_back("Retry-After", "1");
    return crowded;
  }

  const Routes& routes_;
  const std::size_t body_limit_;
  const bool crowded_;
  bool body_was_read_ = false;
  bool may_go_on_ = false;
};

class HandlerFactory final : public net::HTTPRequestHandlerFactory {
 public:
  /// `crowded`: whether connections wait for a thread, so that the others should be given up after their answer.
  HandlerFactory(Routes routes, std::size_t body_limit, std::function<bool()> crowded)
      : routes_(std::move(routes)), body_limit_(body_limit), crowded_(std::move(crowded)) {}

  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return new RequestHandler(routes_, body_limit_, crowded_());  // the server's API takes ownership of a plain pointer
  }

 private:
  const Routes routes_;
  const std::size_t body_limit_;
  const std::function<bool()> crowded_;
};

net::HTTPServerParams::Ptr server_params(const HttpOptions& options) {
  net::HTTPServerParams::Ptr params = new net::HTTPServerParams;
  params->setMaxThreads(options.threads);
  params->setMaxQueued(options.queued_connections);
  params->setKeepAlive(options.keep_alive.count() > 0);
  params->setKeepAliveTimeout(Poco::Timespan(options.keep_alive.count(), 0));
  params->setTimeout(Poco::Timespan(options.timeout.count(), 0));
  return params;
}

/// A quarter of the threads answers those who make nobody wait.
int waiting_places(const HttpOptions& options) {
  return std::max(1, options.threads * 3 / 4);
}

net::ServerSocket listen_on(const HttpOptions& options) {
  const ListenAddress address = parse_listen_address(options.listen, options.key);
  try {
    RequestListener socket(options.arrival, waiting_places(options));
    socket.bind(net::SocketAddress(address.host, address.port), true, false);
    socket.listen(options.queued_connections);
    return socket;
  } catch (const Poco::Exception& error) {
    throw Error(Fault::misconfigured, "cannot listen on " + options.listen + ": " + error.displayText(),
                "stop what uses this address, or set " + options.key + " to a free address of this host");
  }
}

}  // namespace

/// The parts in the order in which they must be built; they go in the opposite order.
class Server::Listener {
 public:
  Listener(const HttpOptions& options, Routes routes)
      : threads_(1, std::max(options.threads, 1)),
        server_(new HandlerFactory(std::move(routes), options.body_limit,
                                   [this] { return server_.queuedConnections() > 0; }),
                threads_, listen_on(options), server_params(options)) {
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
