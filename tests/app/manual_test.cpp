#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "app/option_table.hpp"
#include "tests/app/program.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::app;
using namespace mirror::test;

namespace {

/// A page as its reader sees the words: without what roff wants around hyphens and quotes.
std::string read_page(const std::string& path) {
  std::ifstream in(path);
  REQUIRE(in.good());
  const std::string source{std::istreambuf_iterator<char>(in), {}};
  return std::regex_replace(std::regex_replace(source, std::regex{R"(\\-)"}, "-"), std::regex{R"(\\f.)"}, "");
}

/// All that `pattern` finds in its first group.
std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex expression{pattern, std::regex::ECMAScript | std::regex::multiline};
  std::set<std::string> all;
  for (std::sregex_iterator match{text.begin(), text.end(), expression}; match != std::sregex_iterator{}; ++match) {
    all.insert(match->str(1));
  }
  return all;
}

std::string help_of(const std::vector<std::string>& command) {
  std::vector<std::string> line = command;
  line.emplace_back("--help");
  return Program{line, {}}.end().output;
}

}  // namespace

TEST_CASE("the manual page names every command with every option") {
  const std::string page = read_page(PROJECT_DIR "/config/man/authkit-mirror.1");
  const std::set<std::string> commands = found(page, R"(^\.BI? "?([a-z]+))");
  const std::set<std::string> options = found(page, R"((--[a-z-]+))");
  const std::string overview = help_of({});
  for (const std::string& command : found(overview.substr(overview.find("Subcommands:")), R"(^  ([a-z]+)  )")) {
    INFO(command);
    REQUIRE(commands.contains(command));
    for (const std::string& option : found(help_of({command}), R"(^ .*(--[a-z-]+) )")) {
      INFO(option);
      REQUIRE(options.contains(option));
    }
  }
}

TEST_CASE("the manual page of the configuration names every key with its default") {
  const std::string page = read_page(BINARY_DIR "/config/man/authkit-mirror.toml.5");
  for (const Option& option : option_table()) {
    // One section stands for all streams, as in the example that the page is made of.
    const bool other_stream = option.key.starts_with("streams.") && !option.key.starts_with("streams.users.");
    if (option.secret || other_stream) continue;
    INFO(option.key);
    REQUIRE_THAT(page, ContainsSubstring("\n" + option.key + " = "));
    const std::string line = page.substr(page.find("\n" + option.key + " = "), 200);
    REQUIRE_THAT(line.substr(0, line.find('\n', 1)), ContainsSubstring(option.default_text));
  }
}

TEST_CASE("the example and its manual page name all sections that an environment may have of its own") {
  for (const char* path : {PROJECT_DIR "/config/authkit-mirror.toml", BINARY_DIR "/config/man/authkit-mirror.toml.5"}) {
    const std::string page = read_page(path);
    const std::string about = page.substr(page.find("Several WorkOS environments in this daemon"));
    for (const Option& option : option_table()) {
      const std::string section = "[" + option.key.substr(0, option.key.find('.'));
      INFO(path << ": " << option.key);
      if (option.per_environment)
        REQUIRE_THAT(about, ContainsSubstring(section + "]") || ContainsSubstring(section + "."));
    }
  }
}
