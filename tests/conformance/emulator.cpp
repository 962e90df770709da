#include "tests/conformance/emulator.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "support/deadline.hpp"
#include "support/error.hpp"

namespace mirror::conformance {
namespace {

constexpr auto start_limit = std::chrono::seconds{60};
constexpr auto poll_interval = std::chrono::milliseconds{20};
/// Between the choice of a port and its use another process may take it.
constexpr int attempts = 3;

std::uint16_t free_port() {
  const Poco::Net::ServerSocket probe{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  return probe.address().port();
}

/// In the child: only calls that are safe between fork and exec.
[[noreturn]] void become(const char* launcher, const char* port) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  ::execl(launcher, launcher, port, nullptr);
  ::_exit(127);
}

}  // namespace

std::string Emulator::launcher_from_environment() {
  const char* launcher = std::getenv("AUTHKIT_MIRROR_EMULATOR");
  if (launcher == nullptr || *launcher == '\0') {
    throw Error{Fault::misconfigured, "AUTHKIT_MIRROR_EMULATOR does not name the emulator's launcher",
                "run the tests by ./dev test, which brings the emulator"};
  }
  return launcher;
}

Emulator::Emulator(const std::string& launcher) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    start(launcher);
    if (becomes_healthy()) return;
    stop();
  }
  throw Error{Fault::unavailable, fmt::format("the emulator {} does not start", launcher),
              "run it by hand with a port to see why"};
}

Emulator::~Emulator() {
  stop();
}

std::string Emulator::base_url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

void Emulator::start(const std::string& launcher) {
  port_ = free_port();
  const std::string port = std::to_string(port_);
  process_ = ::fork();
  if (process_ == 0) become(launcher.c_str(), port.c_str());
  if (process_ < 0) throw Error{Fault::unavailable, "no new process for the emulator"};
}

void Emulator::stop() noexcept {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

bool Emulator::has_ended() noexcept {
  if (::waitpid(process_, nullptr, WNOHANG) != process_) return false;
  process_ = -1;
  return true;
}

bool Emulator::becomes_healthy() {
  const auto deadline = Deadline::after(start_limit);
  while (!deadline.passed() && !has_ended()) {
    try {
      if (call("GET", "/health").status == 200) return true;
    } catch (const Error&) {
      // Not listening yet.
    }
    std::this_thread::sleep_for(poll_interval);
  }
  return false;
}

Answer Emulator::call(std::string_view method, std::string_view target, std::string_view body) const {
  try {
    Poco::Net::HTTPClientSession session{"127.0.0.1", port_};
    Poco::Net::HTTPRequest request{std::string{method}, std::string{target}, Poco::Net::HTTPMessage::HTTP_1_1};
    request.set("Authorization", fmt::format("Bearer {}", api_key()));
    request.setContentType("application/json");
    request.setContentLength64(static_cast<Poco::Int64>(body.size()));
    session.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    Answer answer;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), answer.body);
    answer.status = response.getStatus();
    answer.location = response.get("Location", "");
    return answer;
  } catch (const Poco::Exception& failure) {
    throw Error{Fault::unavailable,
                fmt::format("the emulator gives no answer to {} {}: {}", method, target, failure.displayText())};
  }
}

}  // namespace mirror::conformance
