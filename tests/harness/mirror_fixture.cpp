#include "tests/harness/mirror_fixture.hpp"

#include <algorithm>
#include <stdexcept>

#include "model/streams.hpp"
#include "tests/harness/truth_comparison.hpp"

namespace mirror::harness {

MirrorFixture::MirrorFixture(simulator::SimulatorOptions simulator_options) : workos(std::move(simulator_options)) {
  workos.start();
  api_options.base_url = workos.url();
  api_options.key = Secret(workos.options().api_key);
  api_options.max_requests_per_second = 1'000;
}

MirrorFixture::~MirrorFixture() { workos.stop(); }

std::vector<sync::StreamResult> MirrorFixture::sync() {
  const std::stop_source never;
  return make_engine()->sync(never.get_token());
}

std::unique_ptr<sync::Engine> MirrorFixture::make_engine() {
  board_ = std::make_unique<sync::StatusBoard>(clock_);
  client_ = api::make_api_client(api_options, clock_);
  directory_ = std::make_unique<api::DirectoryApi>(client_);
  return std::make_unique<sync::Engine>(database.options(), options, *directory_, clock_, *board_);
}

std::vector<std::string> MirrorFixture::finding_codes() const {
  std::vector<std::string> codes;
  for (const auto& finding : board_->findings()) codes.push_back(finding.code);
  return codes;
}

std::vector<std::string> MirrorFixture::differences() {
  std::vector<std::string> all;
  for (const auto* table : all_tables()) {
    const auto found = harness::differences(database, *table, workos.truth(table->name));
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

bool MirrorFixture::all_certified(const std::vector<sync::StreamResult>& results) {
  return !results.empty() && std::ranges::all_of(results, [](const auto& result) { return result.is_certified(); });
}

const sync::StreamResult& MirrorFixture::of(const std::vector<sync::StreamResult>& results, std::string_view stream) {
  const auto found = std::ranges::find_if(results, [&](const auto& result) { return result.stream == stream; });
  if (found == results.end()) throw std::runtime_error("no result of stream " + std::string(stream));
  return *found;
}

}  // namespace mirror::harness
