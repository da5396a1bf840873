// Non-blocking TCP sockets of the delaying proxy.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "bench/descriptor.h"

namespace seekfs::bench {

/// The IPv4 address that "HOST:PORT" names; HOST may be a name. `invalid` otherwise.
Result<sockaddr_in> resolve(std::string_view text);
/// "127.0.0.1:8080".
std::string to_string(const sockaddr_in& address);

struct ListeningSocket {
  Descriptor socket;
  std::string address;  ///< that it got
};
/// `invalid` for an address that is not of loopback.
Result<ListeningSocket> listen_on_loopback(std::string_view text);

/// The next connection that waits, with TCP_NODELAY; none: Descriptor::get() is -1.
Descriptor accept_from(const Descriptor& listening);
/// A socket that is being connected, with TCP_NODELAY.
Result<Descriptor> start_connecting(const sockaddr_in& address);

}  // namespace seekfs::bench
