// Listen addresses: their text form and what it means to the kernel.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::http {

/// An IPv4 or IPv6 address with a port, or the path of a Unix socket. A value.
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  bool is_unix() const noexcept { return storage.ss_family == AF_UNIX; }
  /// Only this machine reaches it.
  bool is_local() const noexcept;
  std::uint16_t port() const noexcept;  ///< of a Unix socket 0
  /// The address without its port, IPv6 in brackets: what a Host header shows. Of a Unix socket "localhost".
  std::string host() const;
  std::string path() const;  ///< of a Unix socket
  /// "127.0.0.1:7070", "[::1]:7070" or "unix:/run/seekfs.sock".
  std::string to_string() const;
};

/// Takes "IPv4:port", "[IPv6]:port", "localhost:port" (which is 127.0.0.1) and "unix:/PATH"; `invalid` with the
/// accepted forms on anything else. Names are not resolved.
Result<Address> parse_address(std::string_view text);

}  // namespace seekfs::http
