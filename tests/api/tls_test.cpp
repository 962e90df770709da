#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "api/poco_transport.hpp"
#include "support/error.hpp"
#include "tests/api/scripted_server.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using namespace mirror::tests;
using namespace std::chrono_literals;
using Poco::Net::Context;

const std::stop_token never;

void run_openssl(const std::string& arguments, const std::filesystem::path& directory) {
  const std::string command = "cd '" + directory.string() + "' && openssl " + arguments + " >openssl.log 2>&1";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl " + arguments);
}

/// A certificate authority of this test's own, and certificates signed by it; removed at the end.
class TestAuthority {
 public:
  TestAuthority() {
    std::string pattern = std::filesystem::temp_directory_path() / "mirror-tls-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    run_openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=Test Authority' -keyout "
        "ca.key -out ca.pem",
        directory_);
    issue("right", "IP:127.0.0.1");
    issue("wrong", "DNS:other.example");
  }
  ~TestAuthority() { std::filesystem::remove_all(directory_); }
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return directory_ / name; }

 private:
  void issue(const std::string& name, const std::string& subject) {
    std::ofstream(directory_ / (name + ".ext")) << "subjectAltName=" << subject << "\n";
    run_openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout " + name +
                    ".key -out " + name + ".csr",
                directory_);
    run_openssl("x509 -req -days 2 -in " + name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile " + name +
                    ".ext -out " + name + ".pem",
                directory_);
  }

  std::filesystem::path directory_;
};

const TestAuthority& authority() {
  static const TestAuthority made;
  return made;
}

enum class Keeps { many_requests, one_request };

/// Speaks TLS on an accepted connection and answers each request with `answer`.
ScriptedServer::Script tls(const std::string& certificate, const std::string& answer,
                           const std::string& max_protocol = "", Keeps keeps = Keeps::many_requests) {
  Poco::Net::initializeSSL();
  // Level 0, so that the server itself does not stand in the way of an old protocol.
  Context::Ptr context =
      new Context(Context::TLS_SERVER_USE, authority().file(certificate + ".key"),
                  authority().file(certificate + ".pem"), "", Context::VERIFY_NONE, 9, false, "ALL:@SECLEVEL=0");
  if (max_protocol == "1.1") {
    context->requireMinimumProtocol(Context::PROTO_TLSV1_1);
    context->disableProtocols(Context::PROTO_TLSV1_2 | Context::PROTO_TLSV1_3);
  }
  return [context, answer, keeps](Peer& peer) {
    try {
      // The Peer closes its descriptor, Poco closes a copy.
      const Poco::Net::StreamSocket plain(new Poco::Net::StreamSocketImpl(::dup(peer.descriptor())));
      auto socket = Poco::Net::SecureStreamSocket::attach(plain, context);
      std::string request;
      char buffer[4096];
      for (int count = 1; count > 0;) {
        if (socket.available() == 0 && !peer.await_input()) return;
        count = socket.receiveBytes(buffer, sizeof buffer);
        request.append(buffer, static_cast<std::size_t>(std::max(count, 0)));
        if (!request.ends_with("\r\n\r\n")) continue;
        request.clear();
        socket.sendBytes(answer.data(), static_cast<int>(answer.size()));
        if (keeps == Keeps::one_request) return;
      }
    } catch (const Poco::Exception&) {
      // A client that refuses the certificate hangs up.
    }
  };
}

ApiOptions options_for(const ScriptedServer& server, const std::string& ca_file) {
  ApiOptions options;
  options.base_url = "https://127.0.0.1:" + std::to_string(server.port());
  options.ca_file = ca_file;
  return options;
}

Environment no_environment() {
  return [](const char*) { return std::nullopt; };
}

HttpResponse get(PocoTransport& transport) {
  HttpRequest request;
  request.target = "/users";
  return transport.send(request, Deadline::after(20s), never);
}

Fault fault_of(const ApiOptions& options) {
  PocoTransport transport(options, no_environment());
  try {
    get(transport);
  } catch (const Error& error) {
    CHECK_FALSE(std::string(error.what()).empty());
    return error.fault();
  }
  return Fault::bug;
}

}  // namespace

TEST_CASE("a certificate of the private authority is accepted and its connection kept") {
  const std::string body(100'000, 'x');
  const ScriptedServer server({tls("right", http_answer(body))});
  PocoTransport transport(options_for(server, authority().file("ca.pem")), no_environment());
  for (int i = 0; i < 3; ++i) CHECK(get(transport).body == body);
  CHECK(server.accepted() == 1);
}

TEST_CASE("a certificate for another host is refused") {
  const ScriptedServer server({tls("wrong", http_answer("{}"))});
  CHECK(fault_of(options_for(server, authority().file("ca.pem"))) == Fault::misconfigured);
}

TEST_CASE("a certificate of an unknown authority is refused") {
  const ScriptedServer server({tls("right", http_answer("{}"))});
  CHECK(fault_of(options_for(server, "")) == Fault::misconfigured);
}

TEST_CASE("a server that knows only TLS 1.1 is not spoken to") {
  const ScriptedServer server({tls("right", http_answer("{}"), "1.1")});
  CHECK(fault_of(options_for(server, authority().file("ca.pem"))) == Fault::unavailable);
}

TEST_CASE("a bundle of authorities that can't be read is named") {
  const ScriptedServer server({tls("right", http_answer("{}"))});
  PocoTransport transport(options_for(server, "/nonexistent/ca.pem"), no_environment());
  CHECK_THROWS_WITH(get(transport), ContainsSubstring("/nonexistent/ca.pem"));
}

TEST_CASE("a handshake that never ends does not outlast the deadline") {
  const ScriptedServer server({[](Peer& peer) { peer.hold(); }});
  PocoTransport transport(options_for(server, authority().file("ca.pem")), no_environment());
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_WITH(transport.send({}, Deadline::after(200ms), never), ContainsSubstring("in time"));
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("a stop aborts a handshake at once") {
  std::stop_source stop;
  const ScriptedServer server({[&](Peer& peer) {
    peer.read_some();
    peer.await_input(100);  // nothing more comes: by now the client waits for the server's part
    stop.request_stop();
    peer.hold();
  }});
  PocoTransport transport(options_for(server, authority().file("ca.pem")), no_environment());
  const auto begin = std::chrono::steady_clock::now();
  try {
    transport.send({}, Deadline::after(60s), stop.get_token());
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::stopped);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("a kept TLS connection that the server closed is replaced at once") {
  const ScriptedServer server({tls("right", http_answer("1"), "", Keeps::one_request), tls("right", http_answer("2"))});
  PocoTransport transport(options_for(server, authority().file("ca.pem")), no_environment());
  CHECK(get(transport).body == "1");
  CHECK(get(transport).body == "2");
  CHECK(server.accepted() == 2);
}

TEST_CASE("https through a proxy is tunnelled and verified for the host behind it") {
  const auto serve = tls("right", http_answer("{}"));
  std::string seen;
  const ScriptedServer proxy({[&, serve](Peer& peer) {
    seen = peer.read_request();
    peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    serve(peer);
  }});
  const auto through = [&](const std::string& base_url) {
    ApiOptions options;
    options.base_url = base_url;
    options.ca_file = authority().file("ca.pem");
    return PocoTransport(options, [&](const char* name) -> std::optional<std::string> {
      return std::string(name) == "HTTPS_PROXY" ? std::optional("127.0.0.1:" + std::to_string(proxy.port()))
                                                : std::nullopt;
    });
  };
  auto refused = through("https://api.invalid");
  try {
    get(refused);
    FAIL("accepted the proxy's certificate");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::misconfigured);
  }
  CHECK_THAT(seen, ContainsSubstring("CONNECT api.invalid:443 HTTP/1.1\r\n") && !ContainsSubstring("users"));
}

TEST_CASE("a proxy that refuses the tunnel is named with its status") {
  const ScriptedServer proxy({always("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")});
  ApiOptions options;
  options.base_url = "https://api.invalid";
  PocoTransport transport(options, [&](const char* name) -> std::optional<std::string> {
    return std::string(name) == "https_proxy" ? std::optional("127.0.0.1:" + std::to_string(proxy.port()))
                                              : std::nullopt;
  });
  CHECK_THROWS_WITH(get(transport), ContainsSubstring("407") && ContainsSubstring("127.0.0.1"));
}
