#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirror::simulator {

/// One request, read and split. Path and parameters are percent-decoded, header names lower-case.
struct Request {
  std::string method;
  std::string target;  ///< as received
  std::string path;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;

  /// Empty if the parameter is missing. The first if there are several.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

/// How the bytes of an answer reach the client, if not at once and whole.
struct Delivery {
  std::chrono::milliseconds delay{0};       ///< before the first byte
  std::optional<std::size_t> cut_after;     ///< bytes of the body after which the connection ends
  bool cut_politely = false;                ///< end with FIN instead of RST
  std::size_t drip_bytes = 0;               ///< if not 0: that many bytes of the body at a time,
  std::chrono::milliseconds drip_every{0};  ///< this far apart
};

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  ///< without Content-Length and Connection
  std::string body;
  Delivery delivery;

  /// Replaces the header of that name, or adds it.
  void set_header(std::string_view name, std::string value);
};

Answer json_answer(int status, std::string body);

/// Splits "a=1&b=x%20y".
std::vector<std::pair<std::string, std::string>> split_parameters(std::string_view query);
std::string percent_decoded(std::string_view text, bool plus_is_space);
/// "a,b,c" without empty parts.
std::vector<std::string> split_commas(std::string_view text);

}  // namespace mirror::simulator
