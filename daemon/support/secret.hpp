#pragma once

#include <string>

namespace mirror {

/// A string that must never be printed: API key, webhook secret, database password. There is no stream operator and
/// no implicit conversion, so that only the code that hands it to its peer calls `expose()`.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] const std::string& expose() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

/// What stands in every text in place of a secret.
inline constexpr const char* hidden_secret = "***";

}  // namespace mirror
