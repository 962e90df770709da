#include "app/systemd_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"

using namespace mirror::app;

namespace {

/// Listens where systemd would.
class NotifySocket {
 public:
  NotifySocket() : path_(scratch_.path() + "/notify"), socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  [[nodiscard]] std::string next() const {
    char buffer[512];
    const ssize_t size = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
    return size < 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  mirror::test::Scratch scratch_;
  std::string path_;
  int socket_;
};

}  // namespace

TEST_CASE("systemd hears ready, alive, reloading and stopping") {
  const NotifySocket socket;
  systemd::ready("writer");
  REQUIRE(socket.next() == "READY=1\nSTATUS=writer");
  systemd::alive();
  REQUIRE(socket.next() == "WATCHDOG=1");
  systemd::reloading();
  REQUIRE_THAT(socket.next(), ContainsSubstring("RELOADING=1\nMONOTONIC_USEC="));
  systemd::stopping();
  REQUIRE_THAT(socket.next(), ContainsSubstring("STOPPING=1"));
}

TEST_CASE("without systemd nothing happens and nothing watches") {
  ::unsetenv("WATCHDOG_USEC");
  REQUIRE_NOTHROW(systemd::ready("x"));
  REQUIRE_FALSE(systemd::watchdog_interval().has_value());
}
