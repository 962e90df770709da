#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulator/random.hpp"
#include "tests/simulator/record.hpp"

namespace mirror::simulator {

class Store;

/// Believable random changes of a directory. The same seed on the same directory makes the same changes. Not
/// thread-safe: the Simulator guards it.
class Changes {
 public:
  Changes(Store& store, std::uint64_t seed) : store_(store), random_(seed) {}

  /// Each returns the ids concerned, which may be fewer than asked if the table runs empty.
  std::vector<std::string> create(Kind kind, std::size_t count, bool event = true);
  std::vector<std::string> update(Kind kind, std::size_t count, bool event = true);
  std::vector<std::string> erase(Kind kind, std::size_t count, bool event = true);
  /// Moves last_sign_in_at, which neither emits an event nor touches updated_at.
  std::vector<std::string> sign_in(std::size_t count);

  /// One change of the kind that happens in a company on a working day; the directory keeps about its size.
  void one_of_a_day();

 private:
  std::string create_one(Kind kind, bool event);
  void update_one(Kind kind, const std::string& id, bool event);
  /// Empty if the table is.
  std::string any(Kind kind);

  Store& store_;
  Random random_;
  std::uint64_t made_ = 0;
};

}  // namespace mirror::simulator
