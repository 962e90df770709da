#include "app/secret_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "support/error.hpp"

namespace mirror::app {

namespace {

/// -1, with errno, if it can't be.
int open_anew(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // of a run that was killed
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

}  // namespace

SecretFile::SecretFile(std::filesystem::path path)
    : path_(std::move(path)), draft_(path_.string() + ".new"), descriptor_(open_anew(draft_)) {
  if (descriptor_ < 0) fail();
}

SecretFile::~SecretFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(draft_.c_str());
}

void SecretFile::commit(const std::vector<Secret>& secrets) {
  std::string text;
  for (const Secret& secret : secrets) text += secret.expose() + "\n";
  const bool is_written = ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                          ::fsync(descriptor_) == 0 && ::rename(draft_.c_str(), path_.c_str()) == 0;
  if (!is_written) fail();
  ::close(std::exchange(descriptor_, -1));
}

void SecretFile::fail() const {
  throw Error(Fault::misconfigured, path_.string() + ": can't be written: " + std::generic_category().message(errno),
              "name a file in a directory that you may write to");
}

}  // namespace mirror::app
