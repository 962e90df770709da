#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace mirror::app {

enum class OptionType { text, path, whole, decimal, boolean, duration, choice };

/// A value that was read according to its option's type; only the member of that type is meaningful.
struct OptionValue {
  std::string text;  ///< always the text as given
  long whole = 0;
  double decimal = 0;
  bool boolean = false;
  std::chrono::milliseconds duration{0};
};

/// One key of the configuration as data: the loader, the reload report, `--help` and the test of the example file all
/// read this.
struct Option {
  std::string key;  ///< "section.name"; "environment" has no section
  OptionType type;
  std::string default_text;  ///< as one writes it
  std::string help;
  bool reloadable = false;  ///< SIGHUP applies it
  bool secret = false;      ///< never in the file or a flag, never printed
  double least = 0;         ///< of whole, decimal; of duration in milliseconds
  double most = 0;
  std::vector<std::string> choices{};  ///< of choice; of any other type: words allowed besides its values
  std::function<void(Config&, const OptionValue&)> store{};
  /// Checks what the type can't say: returns what is allowed if `value` is not; may be empty.
  std::function<std::string(const OptionValue&)> refuse{};
  bool per_environment = false;  ///< may stand in [environments.NAME]; else it belongs to the whole daemon
};

/// Every key, in the order of the example file.
const std::vector<Option>& option_table();

/// Null if there is none.
const Option* find_option(std::string_view key);

/// Reads `text` into `value`. Returns what is allowed (for a person) if it does not fit, else an empty string.
std::string read_option(const Option& option, const std::string& text, OptionValue& value);

/// AUTHKIT_MIRROR_<SECTION>_<KEY>.
std::string environment_name(const Option& option);
/// A name as it stands in environment variables: "eu-west" as EU_WEST.
std::string variable_part(std::string_view name);

}  // namespace mirror::app
