// System calls around sockets.
#include "bench/tcp_sockets.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "base/number.h"

namespace seekfs::bench {
namespace {

constexpr int backlog = 4096;

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool is_loopback(const sockaddr_in& address) { return ntohl(address.sin_addr.s_addr) >> 24U == 127; }

}  // namespace

Result<sockaddr_in> resolve(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : parse_number(text.substr(colon + 1));
  if (!port || *port > 65'535 || colon == 0) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no address: HOST:PORT, with a port up to 65535", text));
  }
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string host(text.substr(0, colon));
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return fail(ErrorCode::invalid, fmt::format("'{}' has no IPv4 address: {}", host, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  address.sin_port = htons(static_cast<std::uint16_t>(*port));
  return address;
}

std::string to_string(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return fmt::format("{}:{}", text.data(), ntohs(address.sin_port));
}

Result<ListeningSocket> listen_on_loopback(std::string_view text) {
  SEEKFS_ASSIGN(sockaddr_in address, resolve(text));
  if (!is_loopback(address)) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is not of loopback: listen on 127.0.0.1:PORT", text));
  }
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  if (::bind(socket.get(), generic, length) != 0 || ::listen(socket.get(), backlog) != 0 ||
      ::getsockname(socket.get(), generic, &length) != 0) {
    return std::unexpected(error_from_errno(errno, fmt::format("listen on {}", text)));
  }
  return ListeningSocket{.socket = std::move(socket), .address = to_string(address)};
}

Descriptor accept_from(const Descriptor& listening) {
  Descriptor socket(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.get() >= 0) send_at_once(socket.get());
  return socket;
}

Result<Descriptor> start_connecting(const sockaddr_in& address) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return std::unexpected(error_from_errno(errno, "open a socket"));
  send_at_once(socket.get());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) != 0 && errno != EINPROGRESS) {
    return std::unexpected(error_from_errno(errno, "connect to " + to_string(address)));
  }
  return socket;
}

}  // namespace seekfs::bench
