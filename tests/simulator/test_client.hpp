#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace mirror::simulator {

/// What came back over a real socket.
struct Reply {
  int status = 0;  ///< 0: the connection ended before a status line
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool complete = false;  ///< all of Content-Length came
  bool reset = false;     ///< ended by RST
  std::size_t reads = 0;  ///< pieces in which the answer came

  [[nodiscard]] std::string header(const std::string& name) const;
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// A keep-alive connection of a test to the simulator.
class TestClient {
 public:
  explicit TestClient(int port, std::string key = "sk_test_simulator");
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  Reply get(const std::string& target) { return send("GET", target); }
  Reply send(const std::string& method, const std::string& target, const std::string& body = "");
  /// The ids of the whole list, page by page; `target` ends where parameters can be added.
  std::vector<std::string> walk(const std::string& target, const std::string& order, int limit);

 private:
  void connect();

  int port_;
  std::string key_;
  int socket_ = -1;
};

/// The ids in a page's data.
std::vector<std::string> ids_of(const nlohmann::json& page);

}  // namespace mirror::simulator
