#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace mirror::conformance {

/// What the emulator answered; the body as received, empty for a 204.
struct Answer {
  int status = 0;
  std::string body;
  std::string location{};  ///< of a redirect
};

/// The official WorkOS emulator, a program that nobody here wrote, as a child process with an empty directory of its
/// own. It listens on a free port of 127.0.0.1 and ends with this object, or with this process if that is killed.
/// Counts requests like WorkOS does: after 1,000 in a minute it answers 429. Not thread-safe.
class Emulator {
 public:
  /// The launcher that the environment variable AUTHKIT_MIRROR_EMULATOR names; throws Error if it names none, so that
  /// conformance is never skipped silently.
  static std::string launcher_from_environment();

  /// Starts it and waits until it answers. Throws Error if it ends, or is silent for 60 s.
  explicit Emulator(const std::string& launcher = launcher_from_environment());
  ~Emulator();
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  /// What a daemon's `api.base_url` should be.
  [[nodiscard]] std::string base_url() const;
  /// The key that it accepts; not a secret.
  [[nodiscard]] static std::string_view api_key() { return "sk_test_default"; }

  /// Calls its API with the key. `target` is path and query; a body is sent as JSON. Throws Error if there is no
  /// answer.
  [[nodiscard]] Answer call(std::string_view method, std::string_view target, std::string_view body = {}) const;

 private:
  void start(const std::string& launcher);
  void stop() noexcept;
  [[nodiscard]] bool has_ended() noexcept;
  [[nodiscard]] bool becomes_healthy();

  std::uint16_t port_ = 0;
  pid_t process_ = -1;  ///< -1: none runs
};

}  // namespace mirror::conformance
