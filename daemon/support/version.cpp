#include "support/version.hpp"

namespace mirror {

const char* version() noexcept {
  return MIRROR_VERSION;
}

}  // namespace mirror
