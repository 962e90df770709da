#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "support/exit_code.hpp"

namespace mirror::app {

/// What a command found out about one environment.
struct Outcome {
  ExitCode code = ExitCode::done;
  std::string output;  ///< for stdout: text, or one JSON document
};

/// Works through the environments that a command is about, one after the other, and prints what `work` returns. Of
/// several, a failure ends that one only and is told on stderr; text gets a heading each, JSON becomes one document
/// with each by its name. Returns the worst exit code: the highest. With one environment, what `work` throws passes
/// through. Throws Error (stopped) when asked to stop.
ExitCode report_each(const std::vector<Config>& environments, bool as_json,
                     const std::function<Outcome(const Config&)>& work);

}  // namespace mirror::app
