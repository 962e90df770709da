#include "http/address_list.hpp"

#include "tests/catch.hpp"

using mirror::http::AddressList;

TEST_CASE("addresses and networks of both families contain what lies in them") {
  const auto list = AddressList::parse("192.0.2.1, 198.51.100.0/25 ,2001:db8::/33,::1");
  REQUIRE(list.has_value());
  for (const char* inside :
       {"192.0.2.1", "::ffff:192.0.2.1", "198.51.100.0", "198.51.100.127", "2001:db8:7fff::1", "::1"}) {
    INFO(inside);
    REQUIRE(list->contains(inside));
  }
  for (const char* outside :
       {"192.0.2.2", "198.51.100.128", "::ffff:198.51.100.128", "2001:db8:8000::", "::2", "", "192.0.2.1:80", "host"}) {
    INFO(outside);
    REQUIRE_FALSE(list->contains(outside));
  }
}

TEST_CASE("a network of no bits is everything of its family") {
  REQUIRE(AddressList::parse("0.0.0.0/0")->contains("203.0.113.9"));
  REQUIRE_FALSE(AddressList::parse("0.0.0.0/0")->contains("2001:db8::1"));
  REQUIRE(AddressList::parse("::/0")->contains("2001:db8::1"));
}

TEST_CASE("an empty list is empty, and what is no list is refused") {
  REQUIRE(AddressList::parse("")->empty());
  REQUIRE(AddressList::parse("  ")->empty());
  for (const char* wrong : {",", "192.0.2.1,", "192.0.2", "192.0.2.1/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/2x",
                            "192.0.2.1/24", "2001:db8::/129", "2001:db8::1/32", "localhost", "192.0.2.1 192.0.2.2"}) {
    INFO(wrong);
    REQUIRE_FALSE(AddressList::parse(wrong).has_value());
  }
}
