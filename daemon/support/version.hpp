#pragma once

namespace mirror {

/// The project's version, for example "0.1.0".
const char* version() noexcept;

}  // namespace mirror
