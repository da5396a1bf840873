// Parsing and printing of listen addresses.
#include "http/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "base/number.h"

namespace seekfs::http {
namespace {

constexpr std::string_view unix_scheme = "unix:";

std::unexpected<Error> bad_address(std::string_view text) {
  return fail(ErrorCode::invalid,
              fmt::format("listen address '{}': write IPv4:port, [IPv6]:port, localhost:port or unix:/PATH", text));
}

sockaddr_in as_v4(const sockaddr_storage& storage) {
  sockaddr_in address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

sockaddr_in6 as_v6(const sockaddr_storage& storage) {
  sockaddr_in6 address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

Result<Address> make_v4(const std::string& host, std::uint16_t port, std::string_view text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return bad_address(text);
  Address result;
  std::memcpy(&result.storage, &address, sizeof address);
  result.length = sizeof address;
  return result;
}

Result<Address> make_v6(const std::string& host, std::uint16_t port, std::string_view text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1) return bad_address(text);
  Address result;
  std::memcpy(&result.storage, &address, sizeof address);
  result.length = sizeof address;
  return result;
}

Result<Address> make_unix(std::string_view path, std::string_view text) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return bad_address(text);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid, fmt::format("listen address '{}': the path of a Unix socket has {} bytes at most",
                                                text, sizeof address.sun_path - 1));
  }
  path.copy(address.sun_path, path.size());
  Address result;
  std::memcpy(&result.storage, &address, sizeof address);
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return result;
}

}  // namespace

bool Address::is_local() const noexcept {
  if (is_unix()) return true;
  if (storage.ss_family == AF_INET) return (ntohl(as_v4(storage).sin_addr.s_addr) >> 24U) == 127;
  const sockaddr_in6 address = as_v6(storage);
  return IN6_IS_ADDR_LOOPBACK(&address.sin6_addr);
}

std::uint16_t Address::port() const noexcept {
  if (is_unix()) return 0;
  return ntohs(storage.ss_family == AF_INET ? as_v4(storage).sin_port : as_v6(storage).sin6_port);
}

std::string Address::host() const {
  if (is_unix()) return "localhost";
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const sockaddr_in address = as_v4(storage);
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return text.data();
  }
  const sockaddr_in6 address = as_v6(storage);
  inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  return fmt::format("[{}]", text.data());
}

std::string Address::path() const {
  sockaddr_un address{};
  std::memcpy(&address, &storage, sizeof address);
  return address.sun_path;
}

std::string Address::to_string() const {
  return is_unix() ? std::string(unix_scheme) + path() : fmt::format("{}:{}", host(), port());
}

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with(unix_scheme)) return make_unix(text.substr(unix_scheme.size()), text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_address(text);
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port > 65535) return bad_address(text);
  std::string_view host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  const auto port_number = static_cast<std::uint16_t>(*port);
  if (host.starts_with('[') && host.ends_with(']')) {
    return make_v6(std::string(host.substr(1, host.size() - 2)), port_number, text);
  }
  return make_v4(std::string(host), port_number, text);
}

}  // namespace seekfs::http
