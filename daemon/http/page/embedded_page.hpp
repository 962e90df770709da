#pragma once

#include <string_view>

namespace mirror::http {

/// The files of the status page, as they stand in this folder.
extern const std::string_view page_html;
extern const std::string_view page_css;
extern const std::string_view page_js;

}  // namespace mirror::http
