#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/app/program.hpp"

namespace mirror::test {

/// Runs a line of shell, in which `$program` is authkit-mirror and `$scratch` an empty directory.
inline Ending run_shell(const std::string& line, std::vector<std::string> environment) {
  const harness::TemporaryDirectory scratch;
  const auto output = scratch.path() / "output";
  environment.push_back("program=" BINARY_DIR "/authkit-mirror");
  environment.push_back("scratch=" + scratch.path().string());
  harness::ChildProcess shell({"sh", "-c", line}, {.output = output, .environment = environment});
  const int code = shell.wait();
  std::ifstream in(output);
  return {code, {std::istreambuf_iterator<char>(in), {}}};
}

}  // namespace mirror::test
