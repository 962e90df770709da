#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

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
  /// Every page served, as path and parameters were sent, in the order in which each was served first.
  [[nodiscard]] std::vector<std::string> pages_in_order() const;

 private:
  std::map<std::string, std::size_t> counts_;
  std::map<std::string, Pages> pages_;
  struct PageReads {
    std::size_t count = 0;
    std::size_t number = 0;  ///< among all pages, in the order of their first reads
  };
  std::unordered_map<std::string, PageReads> reads_of_page_;
};

}  // namespace mirror::simulator
