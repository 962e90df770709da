#include "http/head_scan.hpp"

#include <string>

#include "tests/catch.hpp"

using mirror::http::HeadScan;

namespace {

/// A scan of bytes that arrive one at a time, as slowly as they can.
HeadScan scan(std::string bytes) {
  HeadScan head;
  for (char& byte : bytes) head.take(&byte, 1);
  return head;
}

bool is_refused(const std::string& bytes) {
  return scan(bytes).is_malformed();
}

}  // namespace

TEST_CASE("a head ends with its empty line, and what follows is not taken") {
  std::string bytes = "\r\nGET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\tb\r\n\r\nGET /second HTTP/1.1\r\n";
  const std::size_t end = bytes.find("GET /second");
  HeadScan head;
  CHECK(head.take(bytes.data(), bytes.size()) == end);
  CHECK(head.is_complete());
  CHECK_FALSE(head.is_malformed());
  CHECK(head.headers() == 2);
  CHECK(head.take(bytes.data() + end, bytes.size() - end) == 0);

  CHECK(scan(bytes.substr(0, end)).is_complete());
  CHECK_FALSE(scan(bytes.substr(0, end - 1)).is_complete());
  CHECK(scan("GET / HTTP/1.1\nHost: a\n\n").is_complete());
  CHECK_FALSE(scan("\r\n\r\n\r\n").is_complete());
}

TEST_CASE("bytes and line ends that no sound head holds are refused, and replaced") {
  std::string bytes = "GET /metrics\xff HTTP/1.1\r\n\r\n";
  HeadScan head;
  head.take(bytes.data(), bytes.size());
  CHECK(head.is_malformed());
  CHECK(bytes == "GET /metrics? HTTP/1.1\r\n\r\n");

  for (const std::string& target : {std::string("/\x80"), std::string("/\xc3\xa9"), std::string("/\x7f"),
                                    std::string("/\0", 2), std::string("/\t"), std::string("/\x1b[2J")}) {
    INFO(target);
    CHECK(is_refused("GET " + target + " HTTP/1.1\r\n\r\n"));
  }
  const std::string line = "GET / HTTP/1.1\r\n";
  CHECK(is_refused(line + "X: a\xff\r\n\r\n"));
  CHECK(is_refused(line + std::string("X: \0\r\n\r\n", 8)));
  CHECK(is_refused(line + "X: a\rY: b\r\n\r\n"));
  CHECK(is_refused(line + "X: a\r\n folded: b\r\n\r\n"));
  CHECK(is_refused(" " + line + "\r\n"));
  CHECK(is_refused("GET / HTTP/1.1\r\r\n\r\n"));
}
