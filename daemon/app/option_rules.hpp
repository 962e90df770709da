#pragma once

#include <string>
#include <vector>

#include "app/option_table.hpp"

/// What single options demand beyond their type, and how their words become values. A `refuse_` function returns what
/// is allowed if the value is not, else an empty string.
namespace mirror::app {

std::string refuse_base_url(const OptionValue& value);
std::string refuse_environment(const OptionValue& value);
/// Narrower than refuse_environment: the name of one of several stands in paths, file names and variables.
std::string refuse_environment_section(const std::string& name);
std::string refuse_identifier(const OptionValue& value);
std::string refuse_schema(const OptionValue& value);
std::string refuse_empty(const OptionValue& value);
std::string refuse_spaces(const OptionValue& value);
std::string refuse_listen(const OptionValue& value);
std::string refuse_listen_or_none(const OptionValue& value);
std::string refuse_event_types(const OptionValue& value);
std::string refuse_webhook_secret(const OptionValue& value);
std::string refuse_address_list(const OptionValue& value);

/// `text` is one of the option's choices.
db::PreparedStatements prepared_of(const std::string& text);
log::Level level_of(const std::string& text);

/// "a, b" as its parts, without the spaces around them; empty parts included, none of a blank text.
std::vector<std::string> split_list(const std::string& text);
/// The secrets of a text that refuse_webhook_secret lets pass: separated by commas or line breaks.
std::vector<Secret> webhook_secrets_of(const std::string& text);

}  // namespace mirror::app
