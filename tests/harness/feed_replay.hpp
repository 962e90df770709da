#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/harness/test_database.hpp"

namespace mirror::harness {

/// One row as the feed speaks of it: its content, and whether it lives.
struct FeedState {
  std::string raw;
  bool lives = true;
  friend bool operator==(const FeedState&, const FeedState&) = default;
};
/// By table and id: "users/user_…".
using MirrorContent = std::map<std::string, FeedState>;

/// What the mirror holds of one environment.
MirrorContent read_content(TestDatabase& database, const std::string& environment = "default");

/// Undoes the changes of the feed after position `seq`, the newest first.
void rewind(MirrorContent& content, TestDatabase& database, std::int64_t seq,
            const std::string& environment = "default");

}  // namespace mirror::harness
