// Listen addresses: their text form and what it means to the kernel.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::http {

/// An IPv4 or IPv6 address with a port. A value.
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  bool is_loopback() const noexcept;
  std::uint16_t port() const noexcept;
  /// The address without its port, IPv6 in brackets: what a Host header shows.
  std::string host() const;
  /// "127.0.0.1:7070" or "[::1]:7070".
  std::string to_string() const;
};

/// Takes "IPv4:port", "[IPv6]:port" and "localhost:port" (which is 127.0.0.1); `invalid` with the accepted forms on
/// anything else. Names are not resolved.
Result<Address> parse_address(std::string_view text);

}  // namespace seekfs::http
