#include "tests/harness/mirror_fixture.hpp"

namespace mirror::harness {

MirrorFixture::MirrorFixture(simulator::SimulatorOptions simulator_options) : workos(std::move(simulator_options)) {
  workos.start();
  api_options.base_url = workos.url();
  api_options.key = Secret(workos.options().api_key);
}

MirrorFixture::~MirrorFixture() {
  workos.stop();
}

std::vector<std::string> MirrorFixture::differences() {
  return differences_from([this](std::string_view table) { return workos.truth(table); });
}

}  // namespace mirror::harness
