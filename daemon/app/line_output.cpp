#include "app/line_output.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <iostream>

#include "support/error.hpp"

namespace mirror::app {
namespace {

constexpr int between_looks_at_stop = 200;  // milliseconds

[[noreturn]] void throw_unwritten(int cause) {
  throw Error(Fault::unavailable,
              std::string("standard output can't be written") + (cause == 0 ? "" : ": ") +
                  (cause == 0 ? "" : std::strerror(cause)),
              "Make room where it goes, or let it go elsewhere.");
}

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
      throw_unwritten(errno);
    }
  }
  return Fate::written;
}

bool LineOutput::reader_is_gone() const {
  pollfd out{STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

bool flush_output() {
  // Else it is that of the write that failed.
  if (std::cout.good()) errno = 0;
  std::cout.flush();
  if (std::cout.good()) return true;
  if (errno != EPIPE) throw_unwritten(errno);
  std::cout.clear();
  return false;
}

}  // namespace mirror::app
