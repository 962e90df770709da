#pragma once

#include <istream>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/operation_values.hpp"

namespace mirror::app {

/// What a person gave an operation: words of the command line, and a file.
struct OperationInput {
  std::vector<std::string> words;   ///< name=value, name=@FILE, name=- for standard input, name=@@text for "@text"
  std::optional<std::string> body;  ///< a file with a JSON object of values, or - for standard input
};

/// All values, those of the words over those of the body. Standard input can be read once. Throws Error (usage): a word
/// or file that can't be read, a name that is unknown or given twice, a value of a wrong type, a secret that stands on
/// the command line itself, where others see it. No message repeats a value.
api::OperationValues read_input(const api::Operation& operation, const OperationInput& input,
                                std::istream& standard_input);

}  // namespace mirror::app
