#include "tests/harness/mirror_under_test.hpp"

#include <algorithm>
#include <stdexcept>

#include "model/streams.hpp"
#include "tests/harness/truth_comparison.hpp"

namespace mirror::harness {

MirrorUnderTest::MirrorUnderTest() {
  api_options.max_requests_per_second = 1'000;
}

std::vector<sync::StreamResult> MirrorUnderTest::sync() {
  const std::stop_source never;
  return make_engine()->sync(never.get_token());
}

std::unique_ptr<sync::Engine> MirrorUnderTest::make_engine() {
  board_ = std::make_unique<sync::StatusBoard>(clock_);
  client_ = api::make_api_client(api_options, api_clock == nullptr ? clock_ : *api_clock);
  workos_ = std::make_unique<sync::WorkosApi>(client_);
  return std::make_unique<sync::Engine>(database.options(), options, *workos_, clock_, *board_);
}

std::vector<std::string> MirrorUnderTest::finding_codes() const {
  std::vector<std::string> codes;
  for (const auto& finding : board_->findings()) codes.push_back(finding.code);
  return codes;
}

std::vector<std::string> MirrorUnderTest::differences_from(const Truth& truth) {
  std::vector<std::string> all;
  for (const auto* table : all_tables()) {
    const auto found = differences(database, *table, truth(table->name));
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

bool MirrorUnderTest::all_certified(const std::vector<sync::StreamResult>& results) {
  return !results.empty() && std::ranges::all_of(results, [](const auto& result) { return result.is_certified(); });
}

const sync::StreamResult& MirrorUnderTest::of(const std::vector<sync::StreamResult>& results, std::string_view stream) {
  const auto found = std::ranges::find_if(results, [&](const auto& result) { return result.stream == stream; });
  if (found == results.end()) throw std::runtime_error("no result of stream " + std::string(stream));
  return *found;
}

}  // namespace mirror::harness
