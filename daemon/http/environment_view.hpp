#pragma once

#include <string>
#include <vector>

#include "http/handler.hpp"
#include "http/health_report.hpp"
#include "http/sample.hpp"

namespace mirror::http {

/// What the server reads to tell of one environment. What it points to must outlive the server.
struct EnvironmentView {
  std::string name;
  const sync::StatusBoard* board;
  const Health* health;
  SampleSource samples{};  ///< may be empty
};

/// All that one daemon mirrors, at least one.
using EnvironmentViews = std::vector<EnvironmentView>;

/// Those that a request asks for: the one of `?environment=NAME`, else all. None if there is none of that name.
EnvironmentViews asked_for(const Request& request, const EnvironmentViews& all);

/// 404, with the names that there are.
Response no_such_environment(const EnvironmentViews& all);

/// `text` with its environment before it where there are several: "staging: text".
std::string told_of(const EnvironmentView& view, const EnvironmentViews& all, const std::string& text);

}  // namespace mirror::http
