#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace mirror::simulator {

/// An answer other than success, thrown where it is decided and sent by the Api.
class ApiFailure : public std::runtime_error {
 public:
  ApiFailure(int status, std::string body) : std::runtime_error(body), status_(status), body_(std::move(body)) {}

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& body() const { return body_; }

 private:
  int status_;
  std::string body_;
};

/// `{"message"}`, or `{"code","message"}` if there is a code.
ApiFailure failure(int status, std::string_view message, std::string_view code = {});

/// 404 as WorkOS says it.
ApiFailure not_found(std::string_view what, std::string_view id);

}  // namespace mirror::simulator
