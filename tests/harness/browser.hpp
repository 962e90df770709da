#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/harness/child_process.hpp"

namespace mirror::harness {

/// A headless Chromium with one page, driven over its debugging pipe
/// (https://chromedevtools.github.io/devtools-protocol/). Resolves no name, so that a page can reach nothing but this
/// machine. Not thread-safe; throws std::runtime_error where the browser fails.
class Browser {
 public:
  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void open(const std::string& url);
  /// The value of a JavaScript expression on the page.
  [[nodiscard]] nlohmann::json evaluate(const std::string& expression);
  /// The page's text as a person sees it.
  [[nodiscard]] std::string text() { return evaluate("document.body?.innerText ?? ''").get<std::string>(); }

  void resize(int width, int height, bool is_phone = false);
  /// "dark" or "light": what the page is told of the person's taste.
  void set_color_scheme(const std::string& scheme);
  /// The whole page as PNG, also what would have to be scrolled to.
  void take_picture(const std::filesystem::path& file);

  /// The addresses of all requests so far, and what the browser complained about: errors of scripts, violated policies.
  [[nodiscard]] const std::vector<std::string>& requests() const { return requests_; }
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  nlohmann::json call(const std::string& method, const nlohmann::json& parameters = nlohmann::json::object());
  nlohmann::json receive();
  void note(const nlohmann::json& event);

  TemporaryDirectory directory_;
  ChildProcess process_;
  int commands_ = -1;
  int answers_ = -1;
  std::string received_;
  int last_id_ = 0;
  std::string session_;
  std::vector<std::string> requests_;
  std::vector<std::string> complaints_;
};

}  // namespace mirror::harness
