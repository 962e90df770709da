#include "http/lobby.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "support/log.hpp"
#include "tests/catch.hpp"
#include "tests/http/raw_client.hpp"

using namespace mirror;
using namespace mirror::http;

namespace {

/// What a process says on its standard error, and how it ended.
struct Said {
  std::string text;
  int status = 0;
};

/// Runs `body` in a process of its own, which may run out of descriptors without harm to this one.
template <typename Body>
Said in_child(Body body) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDERR_FILENO);
    ::alarm(60);
    ::_exit(body());
  }
  ::close(pipe[1]);
  Said said;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
    said.text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(pipe[0]);
  ::waitpid(child, &said.status, 0);
  return said;
}

std::chrono::microseconds time_computed() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} +
         std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds{time.tv_nsec});
}

int listening_socket(sockaddr_in& address) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener, 8);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return listener;
}

/// 0 if all was well, otherwise what was not.
int live_without_descriptors() {
  log::configure(log::Level::info, log::Format::text);
  const rlimit limit{64, 64};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  sockaddr_in address{};
  Lobby lobby(listening_socket(address), std::chrono::seconds{10});
  const test::Connection client(ntohs(address.sin_port));
  client.send("GET / HTTP/1.1\r\n\r\n");
  std::vector<int> taken;
  for (int one = 0; (one = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(one);

  const auto before = time_computed();
  if (lobby.wait(std::chrono::seconds{1})) return 1;
  if (time_computed() - before > std::chrono::milliseconds{20}) return 2;
  for (const int descriptor : taken) ::close(descriptor);
  if (!lobby.wait(std::chrono::seconds{30})) return 3;
  ::close(lobby.take());
  return 0;
}

}  // namespace

TEST_CASE("without a descriptor for another connection the lobby waits, says so once, and goes on when one is free") {
  const Said said = in_child(live_without_descriptors);
  INFO(said.text);
  CHECK(WIFEXITED(said.status));
  CHECK(WEXITSTATUS(said.status) == 0);
  const auto first = said.text.find("no file descriptor is left");
  CHECK(first != std::string::npos);
  CHECK(said.text.find("no file descriptor is left", first + 1) == std::string::npos);
}
