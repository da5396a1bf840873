// Where a daemon listens, and a blocking stream socket to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::bench {

/// Where to connect.
struct Endpoint {
  std::string host;  ///< empty for a Unix socket
  std::string port;
  std::string path;  ///< of a Unix socket

  /// What the Host field of a request says.
  std::string authority() const;
};

/// "http://HOST:PORT" (HOST may be [IPV6]) or "unix:/PATH". `invalid` for anything else.
Result<Endpoint> parse_endpoint(std::string_view text);

/// A connected socket, closed by the destructor. TCP has TCP_NODELAY. One thread at a time. An answer that does not go
/// on for 60 seconds is a `timeout`; a connection that breaks is `transient`.
class Socket {
 public:
  static Result<Socket> connect_to(const Endpoint& endpoint);
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  Status send(std::string_view text) const;
  /// At least one byte; 0 when the other side has ended the connection.
  Result<std::size_t> receive(std::span<std::byte> out) const;

 private:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace seekfs::bench
