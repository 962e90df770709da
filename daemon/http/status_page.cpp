#include "http/status_page.hpp"

#include <utility>

#include "embedded_page.hpp"
#include "http/status_json.hpp"

namespace mirror::http {
namespace {

/// Nothing but the page's own style, script and /status.json (https://www.w3.org/TR/CSP3/); the empty icon is a data
/// address, without which browsers ask for /favicon.ico.
constexpr const char* content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

Route file(std::string_view content, const char* type) {
  return {.method = "GET", .answer = [content, type](const Request&) {
            return Response{200,
                            type,
                            std::string{content},
                            {{"Content-Security-Policy", content_security_policy},
                             {"X-Content-Type-Options", "nosniff"},
                             {"Cross-Origin-Resource-Policy", "same-origin"},
                             {"Referrer-Policy", "no-referrer"}}};
          }};
}

}  // namespace

void add_status_page(Routes& routes, const sync::StatusBoard& board, const Health& health, const Clock& clock,
                     const std::string& environment, SampleSource samples) {
  routes["/"] = file(page_html, "text/html; charset=utf-8");
  routes["/status.css"] = file(page_css, "text/css; charset=utf-8");
  routes["/status.js"] = file(page_js, "text/javascript; charset=utf-8");
  routes["/status.json"] = {
      .method = "GET", .answer = [&board, &health, &clock, environment, samples = std::move(samples)](const Request&) {
        return Response{200,
                        "application/json",
                        status_json(board, health, clock, environment, samples()),
                        {{"X-Content-Type-Options", "nosniff"}, {"Cross-Origin-Resource-Policy", "same-origin"}}};
      }};
}

}  // namespace mirror::http
