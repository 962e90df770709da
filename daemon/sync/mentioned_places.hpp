#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/directory_api.hpp"
#include "sync/walk_tracker.hpp"

namespace mirror::sync {

/// Objects of a stream that lists of other streams have shown, as memberships show their users: places at which a list
/// can be cut of which the mirror knows nothing yet. Keeps an even sample of bounded size. Thread-safe.
class MentionedPlaces {
 public:
  struct Sample {
    std::vector<ListPlace> places;
    double rows_per_place = 1;  ///< how many mentions each stands for
  };

  void add(std::string_view stream, const std::vector<api::ListedItem>& mentioned);
  [[nodiscard]] Sample of(std::string_view stream) const;

  static constexpr std::size_t most_places = 4'096;

 private:
  struct Kept {
    std::vector<ListPlace> places;
    std::size_t stride = 1;  ///< of so many mentions one is kept
    std::size_t seen = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace mirror::sync
