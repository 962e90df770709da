#include "http/lobby.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <string_view>
#include <system_error>
#include <vector>

#include "support/log.hpp"

namespace mirror::http {
namespace {

/// Far more than clients of a small server; far less than the descriptors that a process usually may have.
constexpr std::size_t most_guests = 256;
/// A head that is longer is handed on unfinished, and refused by who reads it.
constexpr std::size_t longest_head = 32 * 1024;

/// Until then a thread has most likely given its descriptor back.
constexpr std::chrono::milliseconds door_stays_closed{100};

void change_watch(int events, int operation, int descriptor, std::uint32_t what) {
  epoll_event event{};
  event.events = what;
  event.data.fd = descriptor;
  if (::epoll_ctl(events, operation, descriptor, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot watch a connection");
  }
}

void watch(int events, int descriptor, std::uint32_t what) {
  change_watch(events, EPOLL_CTL_ADD, descriptor, what);
}

enum class Arrival { partial, head, ended };

/// Looks without taking anything away.
Arrival arrival_at(int descriptor) {
  std::array<char, longest_head> buffer{};
  const ssize_t count = ::recv(descriptor, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? Arrival::partial : Arrival::ended;
  if (count == 0) return Arrival::ended;
  const std::string_view seen(buffer.data(), static_cast<std::size_t>(count));
  const bool is_whole = seen.find("\r\n\r\n") != std::string_view::npos || seen.find("\n\n") != std::string_view::npos;
  return is_whole || seen.size() == buffer.size() ? Arrival::head : Arrival::partial;
}

}  // namespace

Lobby::Lobby(int listener, Clock::Duration limit)
    : listener_(listener), limit_(limit), events_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (events_ < 0) throw std::system_error(errno, std::generic_category(), "cannot watch connections");
  ::fcntl(listener_, F_SETFL, ::fcntl(listener_, F_GETFL) | O_NONBLOCK);
  watch(events_, listener_, EPOLLIN);
}

Lobby::~Lobby() {
  for (const int descriptor : ready_) ::close(descriptor);
  for (const Guest& guest : guests_) ::close(guest.descriptor);
  ::close(events_);
}

bool Lobby::wait(Clock::Duration patience) {
  const Clock::TimePoint until = clock_.now() + patience;
  while (ready_.empty()) {
    send_away_late();
    if (closed_until_ && *closed_until_ <= clock_.now()) open_door();
    Clock::TimePoint next = guests_.empty() ? until : std::min(until, guests_.front().until);
    if (closed_until_) next = std::min(next, *closed_until_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock_.now()).count();
    if (left <= 0 && next == until) return false;
    std::array<epoll_event, 64> news{};
    const int count =
        ::epoll_wait(events_, news.data(), static_cast<int>(news.size()), std::max(0, static_cast<int>(left)));
    for (int i = 0; i < count; ++i) {
      const int descriptor = news[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == listener_) {
        accept_one();
      } else {
        look_at(descriptor);
      }
    }
  }
  return true;
}

int Lobby::take() {
  const int descriptor = ready_.front();
  ready_.pop_front();
  return descriptor;
}

void Lobby::accept_one() {
  const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const bool none_left = descriptor < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
  if (none_left || guests_.size() >= most_guests) make_room(none_left);
  if (descriptor < 0) return;
  guests_.push_back({descriptor, clock_.now() + limit_});
  by_descriptor_[descriptor] = std::prev(guests_.end());
  watch(events_, descriptor, EPOLLIN | EPOLLRDHUP | EPOLLET);  // once per arrival, or a partial head would never rest
  look_at(descriptor);
}

/// If no descriptor is left, the one who has waited longest gives up its own, and the next round tries again.
void Lobby::make_room(bool none_left) {
  if (!guests_.empty()) return send_away(guests_.begin());
  if (none_left) close_door();
}

/// The connection that could not be let in would be told of again at once, and for ever.
void Lobby::close_door() {
  if (const auto kept_back = lines_.spend("no descriptor", clock_.now())) {
    log::warn(
        "no file descriptor is left for another connection: it has to wait; raise the limit (LimitNOFILE=), or "
        "find out who connects so often; {} since the last line about it",
        *kept_back + 1);
  }
  change_watch(events_, EPOLL_CTL_MOD, listener_, 0);
  closed_until_ = clock_.now() + door_stays_closed;
}

void Lobby::open_door() {
  change_watch(events_, EPOLL_CTL_MOD, listener_, EPOLLIN);
  closed_until_.reset();
}

void Lobby::look_at(int descriptor) {
  const auto place = by_descriptor_.find(descriptor);
  if (place == by_descriptor_.end()) return;  // sent away in this round
  switch (arrival_at(descriptor)) {
    case Arrival::partial:
      return;
    case Arrival::ended:
      return send_away(place->second);
    case Arrival::head:
      break;
  }
  ::epoll_ctl(events_, EPOLL_CTL_DEL, descriptor, nullptr);
  guests_.erase(place->second);
  by_descriptor_.erase(place);
  ready_.push_back(descriptor);
}

void Lobby::send_away(Guests::iterator guest) {
  by_descriptor_.erase(guest->descriptor);
  ::close(guest->descriptor);  // which also ends the watching
  guests_.erase(guest);
}

void Lobby::send_away_late() {
  const Clock::TimePoint now = clock_.now();
  while (!guests_.empty() && guests_.front().until <= now) send_away(guests_.begin());
}

}  // namespace mirror::http
