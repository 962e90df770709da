#pragma once

#include <optional>
#include <string>
#include <string_view>

/// One form for texts that people see as equal. Thread-safe.
namespace mirror::reconcile {

/// `text` in Unicode's composed form (NFC), without spaces around it. Empty if it is not UTF-8.
std::optional<std::string> composed(std::string_view text);

/// What two email addresses have in common if they differ in case or form only. What is no UTF-8 stays as it is.
std::string folded(std::string_view text);

/// One @ with something on both sides, no spaces, at most 254 bytes: enough to find what is no address at all.
bool is_email(std::string_view text);

}  // namespace mirror::reconcile
