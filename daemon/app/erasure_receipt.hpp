#pragma once

#include <string>

#include "db/erasure.hpp"

namespace mirror::app {

/// The receipt of an erasure, for people and as JSON: when, what was removed where, and what no command of ours
/// reaches. Of the person it holds only `user`, as the command line gave it.
std::string receipt_text(const std::string& user, const std::string& environment, const db::Erasure& erasure);
std::string receipt_json(const std::string& user, const std::string& environment, const db::Erasure& erasure);

/// Enough of a hash to tell it from others.
std::string short_hash(const std::string& hash);

}  // namespace mirror::app
