#include "app/sync_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/text_table.hpp"
#include "model/streams.hpp"

namespace mirror::app {

ExitCode judge_pass(const StreamResults& results) {
  const bool well = std::all_of(results.begin(), results.end(), [](const auto& each) {
    const sync::StreamProgress& progress = each.second;
    return progress.certificate == "certified" && progress.held == 0 && progress.poisoned == 0;
  });
  return well ? ExitCode::done : ExitCode::not_all_well;
}

std::string pass_table(const StreamResults& results) {
  TextTable table({"STREAM", "ROWS", "INSERTED", "CHANGED", "UNCHANGED", "DELETED", "HELD", "CERTIFICATE"});
  for (const StreamSpec* stream : all_streams()) {
    const auto place = results.find(stream->name);
    if (place == results.end()) continue;
    const sync::StreamProgress& progress = place->second;
    table.add({place->first, grouped(progress.rows), grouped(progress.inserted), grouped(progress.changed),
               grouped(progress.unchanged), grouped(progress.deleted), grouped(progress.held), progress.certificate});
  }
  return table.text();
}

std::string pass_json(const StreamResults& results) {
  nlohmann::json streams = nlohmann::json::array();
  for (const auto& [name, progress] : results) {
    streams.push_back({{"stream", name},
                       {"pages", progress.pages},
                       {"rows", progress.rows},
                       {"inserted", progress.inserted},
                       {"changed", progress.changed},
                       {"unchanged", progress.unchanged},
                       {"stale", progress.stale},
                       {"poisoned", progress.poisoned},
                       {"deleted", progress.deleted},
                       {"held", progress.held},
                       {"certificate", progress.certificate}});
  }
  using nlohmann::json;
  const json answer{{"done", judge_pass(results) == ExitCode::done}, {"streams", streams}};
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mirror::app
