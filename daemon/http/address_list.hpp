#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace mirror::http {

/// Addresses and networks from which requests are accepted. A plain value. An IPv4 address written inside IPv6
/// (::ffff:192.0.2.1), as a socket that listens for both reports it, is that IPv4 address.
class AddressList {
 public:
  /// Reads "192.0.2.1, 198.51.100.0/24, 2001:db8::/32"; an empty text makes an empty list. Empty if a part is neither
  /// an address nor a network, or if a network has bits set behind its prefix, which is never what was meant.
  static std::optional<AddressList> parse(std::string_view text);

  [[nodiscard]] bool empty() const { return networks_.empty(); }
  /// False for what is no address.
  [[nodiscard]] bool contains(std::string_view address) const;

 private:
  /// Of IPv6; IPv4 is mapped into it.
  using Bytes = std::array<std::uint8_t, 16>;
  struct Network {
    Bytes bytes{};
    int prefix = 0;  ///< in bits of IPv6
  };

  static std::optional<Bytes> read_address(std::string_view text);
  static std::optional<Network> read_network(std::string_view text);

  std::vector<Network> networks_;
};

}  // namespace mirror::http
