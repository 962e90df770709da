#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "tests/simulator/http_message.hpp"

namespace mirror::simulator {

/// A lean HTTP/1.1 server on 127.0.0.1, a thread per connection: enough for the few connections of one client, and free
/// to end an answer in every wrong way. start and stop are for one thread; the handler is called from many.
class HttpServer {
 public:
  using Handler = std::function<Answer(const Request&)>;

  HttpServer(Handler handler, std::chrono::milliseconds idle_limit);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Port 0 picks a free one. Throws Error (unavailable) if the port is taken.
  void start(int port);
  /// Ends all connections, also those in the middle of an answer.
  void stop();
  [[nodiscard]] int port() const { return port_; }

 private:
  struct Connection {
    int socket = -1;
    bool done = false;
    std::thread thread;
  };

  void accept_connections();
  void serve(Connection& connection);
  bool serve_one(int socket, std::string& received);
  bool send_answer(int socket, const Answer& answer, bool keep_alive);
  bool drip(int socket, std::string_view body, const Delivery& delivery);
  /// False when the server stops.
  bool pause(std::chrono::milliseconds duration);
  void reap();

  Handler handler_;
  std::chrono::milliseconds idle_limit_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::list<Connection> connections_;
};

}  // namespace mirror::simulator
