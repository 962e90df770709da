#include "http/webhook_signature.hpp"

#include "tests/catch.hpp"
#include "tests/http/webhook_signing.hpp"

using namespace mirror;
using namespace mirror::http;
using test::webhook_digest;
using test::webhook_header;

namespace {

using Check = SignatureCheck;

constexpr std::int64_t sent_at = 1'768'478'400'000;  // milliseconds
constexpr std::chrono::milliseconds tolerance{180'000};
const std::string body = R"({"id":"event_1","event":"user.created"})";
const std::string secret = "whsec_first";

Instant at(std::int64_t milliseconds) {
  return {milliseconds * 1000};
}

Check check(const std::string& header, const std::vector<std::string>& secrets = {secret}, Instant now = at(sent_at)) {
  std::vector<Secret> known;
  for (const auto& each : secrets) known.emplace_back(each);
  return check_signature({header}, body, known, now, tolerance);
}

std::string with_time(const std::string& time) {
  return "t=" + time + ", v1=" + webhook_digest(secret, time, body);
}

}  // namespace

TEST_CASE("a signature as WorkOS makes it is valid, with and without the space") {
  // Known answer: printf '1768478400000.{...}' | openssl dgst -sha256 -hmac whsec_first
  REQUIRE(webhook_digest(secret, std::to_string(sent_at), body) ==
          "ccd54f7f7c5afe14739a0dd32af5404aeed69d5fca1633049c459d67ef5f6aca");
  const std::string header = webhook_header(secret, sent_at, body);
  REQUIRE(check(header) == Check::valid);
  REQUIRE(check("  " + header + " ,") == Check::valid);
  REQUIRE(check(std::string{header}.erase(header.find(' '), 1)) == Check::valid);
}

TEST_CASE("parts of other names are ignored, in any place") {
  const std::string header = webhook_header(secret, sent_at, body);
  REQUIRE(check("v0=abc, " + header + ", v2=def=ghi, alone") == Check::valid);
  REQUIRE(check("T=1, V1=2, " + header) == Check::valid);
}

TEST_CASE("a changed body, time or secret is refused") {
  const std::string header = webhook_header(secret, sent_at, body);
  const std::vector<Secret> known{Secret{secret}};
  REQUIRE(check_signature({header}, body + " ", known, at(sent_at), tolerance) == Check::wrong);
  REQUIRE(check_signature({header}, "", known, at(sent_at), tolerance) == Check::wrong);
  REQUIRE(check(std::string{header}.replace(2, 13, std::to_string(sent_at + 1))) == Check::wrong);
  REQUIRE(check(header, {"whsec_other"}) == Check::wrong);
}

TEST_CASE("during a rotation either secret is good, without one none is, and an empty one matches nothing") {
  const std::string header = webhook_header(secret, sent_at, body);
  REQUIRE(check(header, {secret, "whsec_second"}) == Check::valid);
  REQUIRE(check(header, {"whsec_second", secret}) == Check::valid);
  REQUIRE(check(header, {}) == Check::wrong);
  REQUIRE(check(webhook_header("", sent_at, body), {""}) == Check::wrong);
}

TEST_CASE("the tolerance holds to the millisecond, in both directions") {
  const std::string header = webhook_header(secret, sent_at, body);
  const std::int64_t limit = tolerance.count();
  REQUIRE(check(header, {secret}, at(sent_at + limit)) == Check::valid);
  REQUIRE(check(header, {secret}, at(sent_at + limit + 1)) == Check::stale);
  REQUIRE(check(header, {secret}, at(sent_at - limit)) == Check::valid);
  REQUIRE(check(header, {secret}, at(sent_at - limit - 1)) == Check::ahead);
}

TEST_CASE("a time in seconds, as the official emulator's npm version writes it, is stale") {
  const std::string seconds = std::to_string(sent_at / 1000);
  REQUIRE(check("t=" + seconds + ",v1=" + webhook_digest(secret, seconds, body)) == Check::stale);
}

TEST_CASE("there must be exactly one header, with each part once") {
  const std::string header = webhook_header(secret, sent_at, body);
  const std::vector<Secret> known{Secret{secret}};
  REQUIRE(check_signature({}, body, known, at(sent_at), tolerance) == Check::missing);
  REQUIRE(check_signature({header, header}, body, known, at(sent_at), tolerance) == Check::repeated);
  REQUIRE(check(header + ", t=" + std::to_string(sent_at)) == Check::repeated);
  REQUIRE(check(header + ", " + header.substr(header.find("v1="))) == Check::repeated);
}

TEST_CASE("a time that is no number of milliseconds is malformed, however well it is signed") {
  for (const char* time : {"", "-1768478400000", "+1768478400000", "1768478400000.5", "0x19bc1ad5c00", "now", "1e12",
                           " 1768478400000", "1768478400000000", "99999999999999999999999"}) {
    INFO(time);
    REQUIRE(check(with_time(time)) == Check::malformed);
  }
  REQUIRE(check(with_time("0")) == Check::stale);
  REQUIRE(check(with_time("999999999999999")) == Check::ahead);
}

TEST_CASE("a digest that is not 64 lower-case hexadecimal digits is malformed") {
  const std::string good = webhook_digest(secret, std::to_string(sent_at), body);
  std::string capitals = good;
  for (char& c : capitals) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  REQUIRE(capitals != good);
  for (const std::string& digest :
       {std::string{}, good.substr(1), good + "0", capitals, "g" + good.substr(1), "0x" + good.substr(2)}) {
    INFO(digest);
    REQUIRE(check("t=" + std::to_string(sent_at) + ", v1=" + digest) == Check::malformed);
  }
}

TEST_CASE("a header without one of the parts is malformed") {
  const std::string header = webhook_header(secret, sent_at, body);
  for (const std::string& part : {std::string{}, std::string{","}, header.substr(0, header.find(',')),
                                  header.substr(header.find("v1=")), std::string{"t v1"}}) {
    REQUIRE(check(part) == Check::malformed);
  }
}
