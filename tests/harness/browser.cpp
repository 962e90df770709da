#include "tests/harness/browser.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

namespace mirror::harness {
namespace {

using nlohmann::json;

constexpr int patience_milliseconds = 30'000;

/// Chromium reads commands from descriptor 3 and answers on 4. Its own sandbox refuses root, and keeps out of
/// containers.
std::vector<std::string> command_line(const std::filesystem::path& directory) {
  for (const char* pipe : {"commands", "answers"}) {
    if (mkfifo((directory / pipe).c_str(), 0600) != 0) throw std::runtime_error("cannot make a pipe");
  }
  return {"sh", "-c",
          "exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
          "--disable-background-networking --disable-component-update --hide-scrollbars --user-data-dir=profile "
          "--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' --remote-debugging-pipe 3<commands 4>answers"};
}

std::string decoded(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
  if (size < 0) throw std::runtime_error("the picture is no base64");
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace

Browser::Browser()
    : process_(command_line(directory_.path()), {.output = directory_.path() / "log",
                                                 .environment = {"HOME=" + directory_.path().string()},
                                                 .directory = directory_.path()}),
      commands_(::open((directory_.path() / "commands").c_str(), O_WRONLY | O_CLOEXEC)),
      answers_(::open((directory_.path() / "answers").c_str(), O_RDONLY | O_CLOEXEC)) {
  const json target = call("Target.createTarget", {{"url", "about:blank"}});
  session_ = call("Target.attachToTarget", {{"targetId", target["targetId"]}, {"flatten", true}})["sessionId"];
  for (const char* domain : {"Page.enable", "Network.enable", "Log.enable", "Runtime.enable"}) call(domain);
  resize(1280, 900);
}

Browser::~Browser() {
  ::close(commands_);
  ::close(answers_);
}

void Browser::open(const std::string& url) {
  const json answer = call("Page.navigate", {{"url", url}});
  if (answer.contains("errorText")) throw std::runtime_error("cannot open the page: " + answer.dump());
}

json Browser::evaluate(const std::string& expression) {
  const json answer = call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}});
  if (answer.contains("exceptionDetails")) throw std::runtime_error("the script failed: " + answer.dump());
  return answer["result"].value("value", json());
}

void Browser::resize(int width, int height, bool is_phone) {
  call("Emulation.setDeviceMetricsOverride",
       {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", is_phone}});
}

void Browser::set_color_scheme(const std::string& scheme) {
  call("Emulation.setEmulatedMedia",
       {{"features", json::array({{{"name", "prefers-color-scheme"}, {"value", scheme}}})}});
}

void Browser::take_picture(const std::filesystem::path& file) {
  const json answer = call("Page.captureScreenshot", {{"format", "png"}, {"captureBeyondViewport", true}});
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << decoded(answer["data"]);
}

json Browser::call(const std::string& method, const json& parameters) {
  json command{{"id", ++last_id_}, {"method", method}, {"params", parameters}};
  if (!session_.empty()) command["sessionId"] = session_;
  const std::string text = command.dump() + '\0';
  if (::write(commands_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("the browser has gone");
  }
  while (true) {
    const json message = receive();
    if (message.value("id", 0) == last_id_) {
      if (message.contains("error")) throw std::runtime_error(method + ": " + message["error"].dump());
      return message["result"];
    }
    note(message);
  }
}

/// Messages end with a zero byte.
json Browser::receive() {
  std::size_t end = 0;
  while ((end = received_.find('\0')) == std::string::npos) {
    pollfd waiting{answers_, POLLIN, 0};
    char buffer[65536];
    const bool readable = ::poll(&waiting, 1, patience_milliseconds) > 0;
    const ssize_t count = readable ? ::read(answers_, buffer, sizeof buffer) : -1;
    if (count <= 0) throw std::runtime_error(readable ? "the browser has gone" : "the browser does not answer");
    received_.append(buffer, static_cast<std::size_t>(count));
  }
  const json message = json::parse(received_.substr(0, end));
  received_.erase(0, end + 1);
  return message;
}

void Browser::note(const json& event) {
  const std::string method = event.value("method", "");
  if (method == "Network.requestWillBeSent") requests_.push_back(event["params"]["request"]["url"]);
  if (method == "Runtime.exceptionThrown") complaints_.push_back(event["params"].dump());
  if (method == "Log.entryAdded" && event["params"]["entry"]["source"] != "network") {
    complaints_.push_back(event["params"]["entry"].dump());
  }
}

}  // namespace mirror::harness
