#include "app/line_output.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "support/error.hpp"

namespace mirror::app {
namespace {

constexpr int between_looks_at_stop = 200;  // milliseconds

}  // namespace

LineOutput::Fate LineOutput::write(const std::string& text, const std::stop_token& stop) {
  for (std::size_t done = 0; done < text.size();) {
    if (stop.stop_requested()) return Fate::stopped;
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    if (poll(&out, 1, between_looks_at_stop) == 0) continue;
    if ((out.revents & POLLERR) != 0) return Fate::reader_gone;
    // So much a pipe that is ready takes without blocking.
    const ssize_t written =
        ::write(STDOUT_FILENO, text.data() + done, std::min<std::size_t>(text.size() - done, PIPE_BUF));
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EPIPE) {
      return Fate::reader_gone;
    } else if (errno != EINTR && errno != EAGAIN) {
      throw Error(Fault::unavailable, std::string("standard output can't be written: ") + std::strerror(errno));
    }
  }
  return Fate::written;
}

bool LineOutput::reader_is_gone() const {
  pollfd out{STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

}  // namespace mirror::app
