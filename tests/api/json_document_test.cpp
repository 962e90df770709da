// The few documents that all threads share.

#include "api/json_document.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "tests/catch.hpp"

namespace mirror::api {
namespace {

TEST_CASE("many threads share few documents, and each reads its own text") {
  std::atomic<int> mixed{0};
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 24; ++number) {
      threads.emplace_back([&mixed, number] {
        const std::string body = R"({"a": )" + std::to_string(number) + "}";
        const std::string text = R"({"a":)" + std::to_string(number) + "}";
        for (int i = 0; i < 500; ++i) {
          const auto document = JsonDocument::borrow();
          const auto root = document->parse(body);
          std::this_thread::yield();
          if (document->text() != text || root.at_key("a").get_int64().value() != number) ++mixed;
        }
      });
    }
  }
  CHECK(mixed == 0);
}

}  // namespace
}  // namespace mirror::api
