#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/emulator.hpp"

namespace mirror::conformance {

/// Writes to the emulator's directory, and reads all of it with a client that shares nothing with the daemon's. Every
/// call throws std::runtime_error, with the answer, if the emulator refuses. Not thread-safe.
class EmulatedDirectory {
 public:
  explicit EmulatedDirectory(const Emulator& emulator) : emulator_(emulator) {}

  /// POSTs `object` to a collection and returns the new object's id.
  std::string create(std::string_view collection, const nlohmann::json& object);
  void put(const std::string& path, const nlohmann::json& changes);
  void put(const std::string& path);
  void post(const std::string& path);
  void remove(const std::string& path);

  /// All current objects of a mirrored table as the emulator lists them, as JSON.
  [[nodiscard]] std::vector<std::string> list(std::string_view table);
  /// Uses up the emulator's quota of a minute until only `left` more requests are answered.
  void spend_quota_but(int left);

 private:
  std::string call(std::string_view method, const std::string& target, const std::string& body = {});
  [[nodiscard]] nlohmann::json walk(const std::string& path);

  const Emulator& emulator_;
  int requests_ = 0;
};

}  // namespace mirror::conformance
