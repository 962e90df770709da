#include "http/address_list.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace mirror::http {
namespace {

constexpr int bits_before_ipv4 = 96;
constexpr int most_bits = 128;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <typename Bytes>
bool bit_of(const Bytes& bytes, int place) {
  const auto byte = static_cast<std::size_t>(place / 8);
  return (bytes[byte] >> (7 - place % 8) & 1) != 0;
}

}  // namespace

std::optional<AddressList> AddressList::parse(std::string_view text) {
  AddressList list;
  if (trimmed(text).empty()) return list;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto network = read_network(trimmed(text.substr(0, comma)));
    if (!network) return std::nullopt;
    list.networks_.push_back(*network);
    if (comma == std::string_view::npos) return list;
    text.remove_prefix(comma + 1);
  }
}

bool AddressList::contains(std::string_view address) const {
  const auto bytes = read_address(address);
  if (!bytes) return false;
  return std::ranges::any_of(networks_, [&](const Network& network) {
    for (int place = 0; place < network.prefix; ++place) {
      if (bit_of(*bytes, place) != bit_of(network.bytes, place)) return false;
    }
    return true;
  });
}

std::optional<AddressList::Bytes> AddressList::read_address(std::string_view text) {
  const std::string ended{text};
  Bytes bytes{};
  if (inet_pton(AF_INET6, ended.c_str(), bytes.data()) == 1) return bytes;
  bytes = {};
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, ended.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

std::optional<AddressList::Network> AddressList::read_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const auto bytes = read_address(address);
  if (!bytes) return std::nullopt;
  Network network{*bytes, most_bits};
  if (slash != std::string_view::npos) {
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + slash + 1, end, network.prefix);
    if (error != std::errc{} || stopped != end || network.prefix < 0) return std::nullopt;
    if (address.find(':') == std::string_view::npos) network.prefix += bits_before_ipv4;
    if (network.prefix > most_bits) return std::nullopt;
  }
  for (int place = network.prefix; place < most_bits; ++place) {
    if (bit_of(network.bytes, place)) return std::nullopt;
  }
  return network;
}

}  // namespace mirror::http
