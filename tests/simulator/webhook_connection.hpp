#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace mirror::simulator {

/// Where webhooks go, taken apart.
struct WebhookTarget {
  std::string host;  ///< an IPv4 address
  int port = 80;
  std::string path;
};

/// Throws Error (usage) for anything but http://ADDRESS:PORT/PATH on this machine.
WebhookTarget parse_webhook_url(const std::string& url);

/// A connection to the receiver of webhooks, kept open as long as that one likes. For one thread.
class WebhookConnection {
 public:
  WebhookConnection(WebhookTarget target, std::chrono::milliseconds timeout);
  ~WebhookConnection();
  WebhookConnection(const WebhookConnection&) = delete;
  WebhookConnection& operator=(const WebhookConnection&) = delete;

  /// The status of the answer; 0 if none came. A kept connection that the receiver has closed is opened once more.
  int post(std::string_view body, const std::string& signature);

 private:
  bool connect();
  void close();
  bool send_all(std::string_view bytes) const;
  int read_status();

  const WebhookTarget target_;
  const std::chrono::milliseconds timeout_;
  int socket_ = -1;
};

}  // namespace mirror::simulator
