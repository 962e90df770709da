#include <algorithm>

#include "http/address_list.hpp"
#include "http/framing.hpp"
#include "http/head_scan.hpp"
#include "http/webhook_signature.hpp"
#include "tests/fuzz/target.hpp"

namespace mirror::fuzz {
namespace {

using namespace std::string_literals;

constexpr Instant now{1'768'478'400'000'000};

/// Whole, and byte by byte: what arrives does not depend on how.
void run_request_head(std::string_view input) {
  std::string whole(input);
  http::HeadScan at_once;
  const std::size_t taken = at_once.take(whole.data(), whole.size());
  std::string pieces(input);
  http::HeadScan slowly;
  std::size_t taken_slowly = 0;
  for (char& byte : pieces) taken_slowly += slowly.take(&byte, 1);
  require(taken == taken_slowly && whole == pieces, "a head depends on how it arrives");
  require(at_once.is_complete() == slowly.is_complete() && at_once.headers() == slowly.headers(),
          "a head is counted by how it arrives");
  require(at_once.is_complete() || taken == input.size(), "bytes of a head were left");
  const std::string_view head(whole.data(), taken);
  require(head.find('\xff') == std::string_view::npos, "a head has a byte that Poco takes for the end");
  require(at_once.is_malformed() || head == input.substr(0, taken), "a sound head was changed");
}

/// Lines are headers: a name, a colon, a value.
void run_framing(std::string_view input) {
  http::Request request{"POST", "/", "", {}, "", "127.0.0.1"};
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
  }
  const auto bounds = [&](std::string_view name) {
    return std::ranges::count_if(request.headers, [&](const auto& each) { return each.first == name; });
  };
  const bool is_sound = !http::find_ambiguity(request);
  require(!is_sound || bounds("content-length") + bounds("transfer-encoding") <= 1, "a body ends in two places");
}

void run_signature(std::string_view input) {
  const std::vector<Secret> secrets{Secret("whsec_one"), Secret("whsec_two")};
  const auto check = http::check_signature({input}, "{}", secrets, now, std::chrono::minutes{3});
  require(!http::describe(check).empty(), "an outcome without words");
  require(check != http::SignatureCheck::missing && check != http::SignatureCheck::stale &&
              check != http::SignatureCheck::ahead && check != http::SignatureCheck::valid,
          "a signature was forged");
}

void run_addresses(std::string_view input) {
  const auto list = http::AddressList::parse(input);
  if (list) {
    require(list->empty() || !list->contains("not an address"), "what is no address was let in");
    (void)list->contains("192.0.2.1");
    (void)list->contains("::ffff:192.0.2.1");
  }
  (void)http::AddressList::parse("192.0.2.0/24, 2001:db8::/32")->contains(input);
}

std::vector<std::string> heads() {
  return {"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
          "\r\nPOST /webhooks/workos HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /",
          "GET /\xff HTTP/1.1\r\nX: a\rb\r\n c\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "\x16\x03\x01\0\xff"s};
}

std::vector<std::string> headers() {
  return {"host:a\ncontent-length:5", "transfer-encoding:chunked\ncontent-length:5",
          "transfer-encoding:identity, chunked", "content-length:+5\ncontent-length :5",
          "content-length:18446744073709551616"};
}

std::vector<std::string> signatures() {
  return {"t=1768478400000, v1=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "t=1,v1=2",
          "v1=, t=", "t=99999999999999999999, v1=00", "t=1, t=2, v1=a, v1=b"};
}

std::vector<std::string> networks() {
  return {"192.0.2.1, 198.51.100.0/24, 2001:db8::/32", "::ffff:192.0.2.0/120", "0.0.0.0/0,::/0", "10.0.0.1/8",
          "1.2.3.4/33, "};
}

}  // namespace

const Target request_head{"request_head", run_request_head, heads};
const Target framing{"framing", run_framing, headers};
const Target signature{"signature", run_signature, signatures};
const Target addresses{"addresses", run_addresses, networks};

}  // namespace mirror::fuzz
