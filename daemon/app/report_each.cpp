#include "app/report_each.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

using nlohmann::json;

bool is_stop(const std::exception& error) {
  const auto* const known = dynamic_cast<const Error*>(&error);
  return known != nullptr && known->fault() == Fault::stopped;
}

}  // namespace

ExitCode report_each(const std::vector<Config>& environments, bool as_json,
                     const std::function<Outcome(const Config&)>& work) {
  if (environments.size() == 1) {
    const Outcome only = work(environments.front());
    std::cout << only.output << std::flush;
    return only.code;
  }
  ExitCode worst = ExitCode::done;
  json documents = json::object();
  for (const Config& each : environments) {
    const std::string& name = each.sync.environment;
    if (!as_json) std::cout << (&each == &environments.front() ? "" : "\n") << name << "\n";
    std::cout << std::flush;
    try {
      const Outcome outcome = work(each);
      worst = std::max(worst, outcome.code);
      if (!as_json) std::cout << outcome.output << std::flush;
      documents[name] = as_json ? json::parse(outcome.output) : json();
    } catch (const std::exception& error) {
      if (is_stop(error)) throw;
      std::cerr << name << ":\n";
      worst = std::max(worst, report_failure(error));
      documents[name] = {{"error", error.what()}};
    }
  }
  if (as_json) {
    std::cout << json{{"environments", documents}}.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  }
  return worst;
}

}  // namespace mirror::app
