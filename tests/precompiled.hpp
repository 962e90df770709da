#pragma once

// The heavy headers of the tests, parsed once per test program (MIRROR_PRECOMPILE). Every file still includes what it
// uses.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/catch.hpp"
