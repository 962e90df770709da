#include "support/bounded_queue.hpp"

#include <chrono>
#include <thread>

#include "tests/catch.hpp"

namespace mirror {
namespace {

TEST_CASE("a full queue holds its producer back until something is taken") {
  BoundedQueue<int> queue(1);
  const std::stop_source stop;
  REQUIRE(queue.push(1, stop.get_token()));
  std::jthread producer([&] { queue.push(2, stop.get_token()); });
  CHECK(queue.take(5, stop.get_token()) == std::vector<int>{1});
  CHECK(queue.take(5, stop.get_token()) == std::vector<int>{2});
}

TEST_CASE("a stop wakes a producer that waits, and its item is dropped") {
  BoundedQueue<int> queue(1);
  std::stop_source stop;
  REQUIRE(queue.push(1, stop.get_token()));
  bool pushed = true;
  {
    std::jthread producer([&] { pushed = queue.push(2, stop.get_token()); });
    stop.request_stop();
  }
  CHECK_FALSE(pushed);
  CHECK(queue.size() == 1);
}

TEST_CASE("a closed queue gives what it holds and takes nothing more") {
  BoundedQueue<int> queue(2);
  const std::stop_source stop;
  queue.push(1, stop.get_token());
  queue.close();
  CHECK_FALSE(queue.push(2, stop.get_token()));
  CHECK(queue.take(5, stop.get_token()) == std::vector<int>{1});
  CHECK(queue.take(5, stop.get_token()).empty());
}

TEST_CASE("items leave in the order in which they came, at most as many as asked for") {
  BoundedQueue<int> queue(3);
  const std::stop_source stop;
  for (const int item : {1, 2, 3}) queue.push(item, stop.get_token());
  CHECK(queue.take(2, stop.get_token()) == std::vector<int>{1, 2});
  CHECK(queue.take_until(2, std::chrono::steady_clock::now(), stop.get_token()) == std::vector<int>{3});
}

}  // namespace
}  // namespace mirror
