#include "app/operation_input.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/error.hpp"

namespace mirror::app {
namespace {

using api::OperationValues;

/// More than any request that WorkOS takes.
constexpr std::size_t largest_input = 1024 * 1024;

std::string read_whole(std::istream& in, const std::string& name) {
  std::string text(largest_input + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > largest_input) throw Error(Fault::usage, name + " is longer than 1 MiB");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

/// Files, and standard input once.
class Sources {
 public:
  explicit Sources(std::istream& standard_input) : standard_input_(standard_input) {}

  std::string read(const std::string& path) {
    if (path == "-") return read_standard_input();
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path)) {
      throw Error(Fault::usage, path + " can't be read", "name a file that you may read, or - for standard input");
    }
    return read_whole(in, path);
  }

 private:
  std::string read_standard_input() {
    if (is_read_) throw Error(Fault::usage, "standard input can hold one value only", "put the others into files");
    is_read_ = true;
    return read_whole(standard_input_, "standard input");
  }

  std::istream& standard_input_;
  bool is_read_ = false;
};

OperationValues read_body(const std::string& path, Sources& sources) {
  auto values = OperationValues::parse(sources.read(path), nullptr, false);
  if (values.is_object()) return values;
  throw Error(Fault::usage, "--body has to be a JSON object, with the parameters as its keys");
}

std::string text_of(const api::Parameter& parameter, const std::string& given, Sources& sources) {
  if (given == "-") return sources.read(given);
  if (given.starts_with("@") && !given.starts_with("@@")) return sources.read(given.substr(1));
  if (parameter.secret) {
    throw Error(Fault::usage,
                fmt::format("{} is secret, and others on this machine can see a command line", parameter.name),
                fmt::format("write {0}=@FILE, or {0}=- and give it on standard input", parameter.name));
  }
  return given.starts_with("@@") ? given.substr(1) : given;
}

}  // namespace

OperationValues read_input(const api::Operation& operation, const OperationInput& input, std::istream& standard_input) {
  Sources sources(standard_input);
  OperationValues values = input.body ? read_body(*input.body, sources) : OperationValues::object();
  OperationValues from_words = OperationValues::object();
  for (const std::string& word : input.words) {
    const auto sign = word.find('=');
    if (sign == std::string::npos || sign == 0) {
      throw Error(Fault::usage, "a value has to be written NAME=VALUE",
                  fmt::format("`authkit-mirror api {} --help` shows its parameters", operation.name));
    }
    const std::string name = word.substr(0, sign);
    const api::Parameter& parameter = api::find_parameter(operation, name);
    if (from_words.contains(name)) throw Error(Fault::usage, name + " is given twice");
    from_words[name] = api::value_from_text(parameter, text_of(parameter, word.substr(sign + 1), sources));
  }
  values.update(from_words);
  return values;
}

}  // namespace mirror::app
