#include "tests/simulator/api_failure.hpp"

#include "support/json_text.hpp"

namespace mirror::simulator {

ApiFailure failure(int status, std::string_view message, std::string_view code) {
  std::string body = "{";
  if (!code.empty()) body.append("\"code\":").append(json_string(code)).append(",");
  body.append("\"message\":").append(json_string(message)).append("}");
  return {status, std::move(body)};
}

ApiFailure not_found(std::string_view what, std::string_view id) {
  return failure(404, std::string{what}.append(" not found: '").append(id).append("'."));
}

}  // namespace mirror::simulator
