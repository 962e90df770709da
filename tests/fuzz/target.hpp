#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::fuzz {

/// A parser of bytes from outside, with what must hold for each input.
struct Target {
  const char* name;
  /// May throw nothing: errors that the parser promises are caught inside, everything else is a finding.
  void (*run)(std::string_view input);
  /// Inputs to begin with, of the kind that is met in life.
  std::vector<std::string> (*seeds)();
};

std::span<const Target> all_targets();

/// Ends with an exception, which the fuzzing engine and the tests take for a finding, unless `holds`.
inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// The targets, by the bytes they read.
extern const Target events, event, list, object, canonical, partial, error_body;  // JSON of the API
extern const Target repair, instants, inflate, retry_after;                       // other parts of an answer
extern const Target request_head, framing, signature, addresses;                  // requests to our own server
extern const Target configuration, option_values;                                 // the configuration

}  // namespace mirror::fuzz
