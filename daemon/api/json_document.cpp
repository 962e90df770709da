#include "api/json_document.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "api/api_error.hpp"
#include "api/json_slices.hpp"

namespace mirror::api {
namespace {

/// Items nested deeper than is good are poison, one by one; the parser itself has to accept them. It reserves 9 bytes
/// of address space per level and touches only those it needs.
constexpr std::size_t max_depth = 65'536;

/// A parser that has seen a body larger than this is not kept, so that one huge answer does not stay in memory.
constexpr std::size_t kept_capacity = 1 << 20;

std::unique_ptr<simdjson::dom::parser> make_parser() {
  auto parser = std::make_unique<simdjson::dom::parser>();
  if (parser->allocate(256 * 1024, max_depth) != simdjson::SUCCESS) throw std::bad_alloc();
  return parser;
}

/// simdjson 3 minifies six times slower with AVX-512 than with AVX2 on processors that compress into memory by
/// microcode (https://github.com/simdjson/simdjson/issues/2334), and on others hardly faster.
const simdjson::implementation& minifier() {
  static const simdjson::implementation& chosen = []() -> const simdjson::implementation& {
    const auto* const avx2 = simdjson::get_available_implementations()["haswell"];
    if (avx2 != nullptr && avx2->supported_by_runtime_system()) return *avx2;
    return *simdjson::get_active_implementation();
  }();
  return chosen;
}

/// The documents that nobody uses. The one used last is given first: its memory is warm.
class DocumentPool {
 public:
  JsonDocument::Borrowed take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !idle_.empty() || lent_ < most_; });
    ++lent_;
    if (idle_.empty()) return JsonDocument::Borrowed(new JsonDocument);
    JsonDocument::Borrowed document(idle_.back().release());
    idle_.pop_back();
    return document;
  }

  void give_back(std::unique_ptr<JsonDocument> document) {
    {
      const std::lock_guard lock(mutex_);
      --lent_;
      idle_.push_back(std::move(document));
    }
    returned_.notify_one();
  }

 private:
  const std::size_t most_ = std::thread::hardware_concurrency() + 2;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<JsonDocument>> idle_;
};

DocumentPool& pool() {
  static DocumentPool documents;
  return documents;
}

}  // namespace

JsonDocument::Borrowed JsonDocument::borrow() {
  return pool().take();
}

void JsonDocument::Return::operator()(JsonDocument* document) const {
  pool().give_back(std::unique_ptr<JsonDocument>(document));
}

simdjson::dom::element JsonDocument::parse(std::string_view body) {
  if (!parser_ || parser_->capacity() > kept_capacity) parser_ = make_parser();
  const simdjson::dom::element root = parse_tree(body);
  minify(body);
  return root;
}

simdjson::dom::element JsonDocument::parse_tree(std::string_view body) {
  simdjson::dom::element root;
  const auto try_parse = [&](std::string_view text) { return parser_->parse(text.data(), text.size()).get(root); };
  const auto error = try_parse(body);
  if (error == simdjson::SUCCESS) return root;
  if (error != simdjson::EMPTY && try_parse(blank_numbers(body)) == simdjson::SUCCESS) return root;
  throw InvalidBody(std::string("the answer is not valid JSON: ") + simdjson::error_message(error));
}

void JsonDocument::minify(std::string_view body) {
  const std::size_t needed = body.size() + simdjson::SIMDJSON_PADDING;
  if (minified_capacity_ < needed || minified_capacity_ > kept_capacity) {
    minified_capacity_ = std::max(needed, std::size_t{64 * 1024});
    minified_ = std::make_unique_for_overwrite<char[]>(minified_capacity_);
  }
  const auto* const from = reinterpret_cast<const std::uint8_t*>(body.data());
  auto* const to = reinterpret_cast<std::uint8_t*>(minified_.get());
  if (minifier().minify(from, body.size(), to, minified_size_) != simdjson::SUCCESS) {
    throw InvalidBody("the answer is not valid JSON: a string is not closed");
  }
}

}  // namespace mirror::api
