#include "api/poco_transport.hpp"

#include <Poco/Net/NetSSL.h>
#include <fmt/format.h>

#include <csignal>
#include <mutex>
#include <vector>

#include "api/connection.hpp"
#include "api/inflate.hpp"
#include "api/response_reader.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::api {
namespace {

using Poco::Net::Context;

constexpr std::size_t max_idle = 64;
/// Below the idle limit of common servers and proxies.
constexpr std::chrono::seconds max_idle_time{50};

/// The connections that wait for their next request, the freshest on top. Thread-safe.
class ConnectionPool {
 public:
  std::unique_ptr<Connection> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    if (std::chrono::steady_clock::now() - idle_.back()->last_used() > max_idle_time) {
      idle_.clear();  // the others are older still
      return nullptr;
    }
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  void put(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < max_idle) idle_.push_back(std::move(connection));
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

/// Verification settings, made at the first TLS connection: reading the system's authorities takes some 30 ms.
class LazyContext {
 public:
  explicit LazyContext(std::string ca_file) : ca_file_(std::move(ca_file)) {}

  Context::Ptr get() {
    const std::lock_guard lock(mutex_);
    if (!context_) context_ = make();
    return context_;
  }

 private:
  [[nodiscard]] Context::Ptr make() const {
    try {
      Poco::Net::initializeSSL();
      // STRICT: the relaxed mode skips the host name for loopback peers.
      Context::Ptr context = new Context(Context::TLS_CLIENT_USE, "", "", ca_file_, Context::VERIFY_STRICT, 9,
                                         ca_file_.empty(), "HIGH:!aNULL:!MD5:!3DES");
      context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
      return context;
    } catch (const Poco::Exception& error) {
      throw unusable(error.displayText());
    }
  }

  [[nodiscard]] Error unusable(const std::string& why) const {
    return {Fault::misconfigured,
            fmt::format("the certificate authorities of api.ca_file {} can't be used: {}", ca_file_, why),
            "Name a PEM file that the daemon may read."};
  }

  const std::string ca_file_;
  std::mutex mutex_;
  Context::Ptr context_;
};

bool is_safe(const std::string& method) {
  return method == "GET" || method == "HEAD";
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw Error(Fault::bug, fmt::format("the request header {} would hold a line break", name));
  }
  out.append(name).append(": ").append(value).append("\r\n");
}

void inflate_body(HttpResponse& response) {
  const std::string_view encoding = response.header("content-encoding");
  if (encoding == "gzip" || encoding == "x-gzip") {
    if (!response.body.empty()) response.body = inflate_gzip(response.body, PocoTransport::max_inflated);
  } else if (!encoding.empty() && encoding != "identity") {
    throw Error(Fault::unavailable, "the answer has a content encoding that was not asked for");
  }
}

}  // namespace

struct PocoTransport::Shared {
  Shared(const ApiOptions& options, const Environment& environment)
      : endpoint(parse_base_url(options.base_url)),
        proxy(find_proxy(endpoint, environment)),
        context(options.ca_file) {}

  [[nodiscard]] std::string compose(const HttpRequest& request) const;
  std::unique_ptr<Connection> connect(Deadline deadline, const std::stop_token& stop);
  HttpResponse exchange(std::unique_ptr<Connection> connection, const HttpRequest& request);

  const Endpoint endpoint;
  const std::optional<Proxy> proxy;
  LazyContext context;
  ConnectionPool pool;
};

std::string PocoTransport::Shared::compose(const HttpRequest& request) const {
  const bool to_proxy = proxy && !endpoint.tls;
  std::string text = request.method + " " + (to_proxy ? "http://" + endpoint.authority() : "") + endpoint.path_prefix +
                     request.target + " HTTP/1.1\r\n";
  append_header(text, "Host", endpoint.authority());
  append_header(text, "Accept-Encoding", "gzip");
  if (to_proxy && !proxy->authorization.empty())
    append_header(text, "Proxy-Authorization", proxy->authorization.expose());
  for (const auto& [name, value] : request.headers) append_header(text, name, value);
  if (!is_safe(request.method)) append_header(text, "Content-Length", std::to_string(request.body.size()));
  return text + "\r\n" + request.body;
}

std::unique_ptr<Connection> PocoTransport::Shared::connect(Deadline deadline, const std::stop_token& stop) {
  const Connection::Target target{endpoint, proxy, [this] { return context.get(); }};
  return std::make_unique<Connection>(target, deadline, stop);
}

HttpResponse PocoTransport::Shared::exchange(std::unique_ptr<Connection> connection, const HttpRequest& request) {
  connection->write(compose(request));
  const std::string peer = endpoint.authority();
  ResponseReader reader(*connection, peer);
  HttpResponse response = reader.read(request.method);
  if (reader.reusable() && connection->end()) pool.put(std::move(connection));
  inflate_body(response);
  return response;
}

PocoTransport::PocoTransport(const ApiOptions& options, const Environment& environment)
    : shared_(std::make_unique<Shared>(options, environment)) {
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(concurrency-mt-unsafe)
  if (!shared_->endpoint.tls) {
    log::debug("api.base_url is not https: the API key goes to {} unencrypted", shared_->endpoint.authority());
  }
}

PocoTransport::~PocoTransport() = default;

HttpResponse PocoTransport::send(const HttpRequest& request, Deadline deadline, const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(Fault::stopped, "a stop was requested before a request");
  // What is not safe goes over a new connection, because it could not be repeated after a stale one.
  if (auto pooled = is_safe(request.method) ? shared_->pool.take() : nullptr) {
    try {
      pooled->begin(deadline, stop);
      return shared_->exchange(std::move(pooled), request);
    } catch (const ClosedBeforeAnswer&) {
      // The server closed it while it was idle, and most likely the others too.
      shared_->pool.clear();
    }
  }
  return shared_->exchange(shared_->connect(deadline, stop), request);
}

}  // namespace mirror::api
