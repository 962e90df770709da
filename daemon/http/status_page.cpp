#include "http/status_page.hpp"

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

void add_status_page(Routes& routes, const EnvironmentViews& environments, const Clock& clock) {
  routes["/"] = file(page_html, "text/html; charset=utf-8");
  routes["/status.css"] = file(page_css, "text/css; charset=utf-8");
  routes["/status.js"] = file(page_js, "text/javascript; charset=utf-8");
  routes["/status.json"] = {
      .method = "GET", .answer = [environments, &clock](const Request& request) {
        const EnvironmentViews asked = asked_for(request, environments);
        if (asked.empty()) return no_such_environment(environments);
        return Response{200,
                        "application/json",
                        status_json(asked.front(), environments, clock),
                        {{"X-Content-Type-Options", "nosniff"}, {"Cross-Origin-Resource-Policy", "same-origin"}}};
      }};
}

}  // namespace mirror::http
