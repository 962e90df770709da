#pragma once

#include <stdexcept>

#include "support/error.hpp"

namespace mirror::harness {

/// The Error that `action` throws; another exception passes, and none at all is a failure of the test.
template <typename Action>
Error caught_error(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

}  // namespace mirror::harness
