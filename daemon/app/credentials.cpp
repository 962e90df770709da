#include "app/credentials.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "support/error.hpp"

namespace mirror::app {
namespace {

constexpr std::size_t largest_secret = 64 * 1024;

std::string without_line_break(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

Secret read_secret_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) {
    const std::string cause = errno != 0 ? std::generic_category().message(errno) : "not a file";
    throw Error(Fault::misconfigured, path + ": can't be read: " + cause,
                "the file must exist and be readable by the user of this process");
  }
  std::string text(largest_secret + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > largest_secret) throw Error(Fault::misconfigured, path + ": too large to be a secret");
  text = without_line_break(std::move(text));
  if (text.empty())
    throw Error(Fault::misconfigured, path + ": is empty", "write the secret into it, and nothing else");
  return Secret{std::move(text)};
}

std::optional<Secret> read_credential(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto place = environment.find("CREDENTIALS_DIRECTORY");
  if (place == environment.end() || place->second.empty()) return std::nullopt;
  for (const std::string& file : {"credentials_" + name, name}) {
    const std::filesystem::path path = std::filesystem::path{place->second} / file;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return read_secret_file(path.string());
  }
  return std::nullopt;
}

}  // namespace mirror::app
