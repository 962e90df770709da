#pragma once

#include <map>
#include <optional>
#include <string>

#include "support/secret.hpp"

namespace mirror::app {

/// The content of a file that holds a secret and nothing else, without the line break at its end. Throws Error
/// (misconfigured) if it can't be read, is empty or larger than any secret; the message names the file, never what is
/// in it.
Secret read_secret_file(const std::string& path);

/// A secret among systemd's credentials ($CREDENTIALS_DIRECTORY): the file `credentials_<name>`, which is how a file
/// of a directory given by `LoadCredential=credentials:DIRECTORY` arrives, or `<name>`. Empty if there is none.
std::optional<Secret> read_credential(const std::map<std::string, std::string>& environment, const std::string& name);

}  // namespace mirror::app
