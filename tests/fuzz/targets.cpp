#include <array>

#include "tests/fuzz/target.hpp"

namespace mirror::fuzz {

std::span<const Target> all_targets() {
  static const std::array targets{events,     event,     list,      object,        canonical,    partial,
                                  error_body, repair,    instants,  inflate,       retry_after,  request_head,
                                  framing,    signature, addresses, configuration, option_values};
  return targets;
}

}  // namespace mirror::fuzz
