// Blocking sockets over TCP and Unix sockets.
#include "bench/endpoint.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"

namespace seekfs::bench {
namespace {

constexpr timeval patience{.tv_sec = 60, .tv_usec = 0};

Error broken(int error_number, std::string_view action) {
  if (error_number == EAGAIN || error_number == EWOULDBLOCK) {
    return {ErrorCode::timeout, fmt::format("{}: nothing for {} s", action, patience.tv_sec)};
  }
  return error_from_errno(error_number, action);
}

/// SO_RCVTIMEO, SO_SNDTIMEO: they hold for connect(2), too.
void set_patience(int descriptor) {
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Result<int> connected(int family, const sockaddr* address, socklen_t length, const std::string& name) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(error_from_errno(errno, "open a socket"));
  set_patience(descriptor);
  if (::connect(descriptor, address, length) != 0) {
    const int error_number = errno;
    ::close(descriptor);
    return std::unexpected(broken(error_number, "connect to " + name));
  }
  return descriptor;
}

Result<int> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, "unix:" + path);
}

Result<int> connect_tcp(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found); error != 0) {
    return fail(ErrorCode::transient, fmt::format("{}: {}", endpoint.host, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  Result<int> result = fail(ErrorCode::transient, endpoint.host + " has no address");
  for (const addrinfo* one = found; one != nullptr && !result; one = one->ai_next) {
    result = connected(one->ai_family, one->ai_addr, one->ai_addrlen, endpoint.authority());
  }
  if (result) {
    const int on = 1;
    ::setsockopt(*result, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return result;
}

}  // namespace

std::string Endpoint::authority() const {
  if (host.empty()) return "localhost";
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no address of a daemon: http://HOST:PORT or unix:/PATH", text));
  };
  constexpr std::string_view http = "http://";
  constexpr std::string_view unix_socket = "unix:";
  if (text.starts_with(unix_socket)) {
    const std::string_view path = text.substr(unix_socket.size());
    if (!path.starts_with('/') || path.size() >= sizeof(sockaddr_un::sun_path) || path.contains('\0')) return refuse();
    return Endpoint{.path = std::string(path)};
  }
  if (!text.starts_with(http)) return refuse();
  std::string_view rest = text.substr(http.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  std::string_view host = rest.substr(0, colon);
  const auto port = parse_number(rest.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return refuse();
  }
  if (host.empty() || host.find_first_of("/@?#[] \r\n") != std::string_view::npos || !port || *port == 0 ||
      *port > 65535) {
    return refuse();
  }
  return Endpoint{.host = std::string(host), .port = std::to_string(*port)};
}

Result<Socket> Socket::connect_to(const Endpoint& endpoint) {
  SEEKFS_ASSIGN(const int descriptor, endpoint.host.empty() ? connect_unix(endpoint.path) : connect_tcp(endpoint));
  return Socket(descriptor);
}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Status Socket::send(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return std::unexpected(broken(errno, "send a request"));
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::size_t> Socket::receive(std::span<std::byte> out) const {
  for (;;) {
    const ssize_t got = ::recv(descriptor_, out.data(), out.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return std::unexpected(broken(errno, "receive a reply"));
  }
}

}  // namespace seekfs::bench
