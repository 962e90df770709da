#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>

#include "tests/simulator/http_message.hpp"

namespace mirror::simulator {

/// What was asked of the API, to prove that nothing is asked twice without need. Not thread-safe.
class RequestLog {
 public:
  struct Pages {
    std::size_t reads = 0;        ///< pages served with 200
    std::size_t most_of_one = 0;  ///< how often the page read most often was read
  };

  void note(const Request& request, int status);
  void clear();

  /// "GET /user_management/users/{id} 200" to how often.
  [[nodiscard]] const std::map<std::string, std::size_t>& counts() const { return counts_; }
  /// How many requests had a path that starts so, with any status or that one.
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& path_start, int status = 0) const;
  /// Per list path. The same page means the same path and parameters.
  [[nodiscard]] const std::map<std::string, Pages>& pages() const { return pages_; }

 private:
  std::map<std::string, std::size_t> counts_;
  std::map<std::string, Pages> pages_;
  std::unordered_map<std::string, std::size_t> reads_of_page_;
};

}  // namespace mirror::simulator
