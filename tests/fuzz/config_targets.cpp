#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/duration_text.hpp"
#include "app/option_table.hpp"
#include "app/setting.hpp"
#include "tests/fuzz/target.hpp"

namespace mirror::fuzz {
namespace {

/// A file of this process, written anew for each input.
const std::string& scratch_file() {
  static const std::string path =
      (std::filesystem::temp_directory_path() / ("mirror-fuzz-" + std::to_string(::getpid()) + ".toml")).string();
  return path;
}

void run_configuration(std::string_view input) {
  std::ofstream(scratch_file(), std::ios::binary | std::ios::trunc) << input;
  const app::Settings found = app::read_file_settings(scratch_file());
  std::filesystem::remove(scratch_file());
  for (const app::Setting& setting : found.settings) (void)app::find_option(setting.key);
}

/// The same text as a value of every key, stored if it is allowed.
void run_option_values(std::string_view input) {
  if (const auto duration = app::parse_duration(input)) {
    require(app::parse_duration(app::to_text(*duration)) == duration, "a duration is not what it is written as");
  }
  app::Config config;
  for (const app::Option& option : app::option_table()) {
    app::OptionValue value;
    if (app::read_option(option, std::string(input), value).empty()) option.store(config, value);
  }
}

std::vector<std::string> files() {
  std::ifstream in(FUZZ_PROJECT_DIR "/config/authkit-mirror.toml", std::ios::binary);
  return {
      std::string(std::istreambuf_iterator<char>(in), {}),
      "[sync]\nparallel = 1\n[webhook]\nallow = \"10.0.0.0/8\"\n[a.b]\nc = [1, {d = 2}]\ne = 1979-05-27T07:32:00Z\n",
      "[[x]]\ny = '''\n", "\xef\xbb\xbfz = 0x10\n"};
}

std::vector<std::string> values() {
  return {"30s",
          "500ms",
          "90d",
          "9223372036854775807d",
          "true",
          "1",
          "0.5",
          "auto",
          "127.0.0.1:8464",
          "[::1]:80",
          "10.0.0.0/8",
          "user.created, session.created",
          "postgresql://u@h/d",
          "https://api.workos.com",
          "1e999",
          "nan"};
}

}  // namespace

const Target configuration{"configuration", run_configuration, files};
const Target option_values{"option_values", run_option_values, values};

}  // namespace mirror::fuzz
