#pragma once

#include <string>

namespace mirror {

/// Has the log's lines of this thread, and of all that it starts from now on, begin with `label`. Thread-safe. A
/// process gives few labels, and keeps them.
void label_thread(const std::string& label);

/// This thread's label; empty if it has none.
[[nodiscard]] std::string thread_label();

}  // namespace mirror
