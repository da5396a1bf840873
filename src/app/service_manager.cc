// One datagram on a Unix socket.
#include "app/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace seekfs::app {

Status notify_service_manager(std::string_view socket, std::string_view state) {
  if (socket.empty()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid, fmt::format("NOTIFY_SOCKET={}: too long for a socket address", socket));
  }
  std::ranges::copy(socket, address.sun_path);
  if (socket.front() == '@') address.sun_path[0] = '\0';
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(error_from_errno(errno, "open a socket for the service manager"));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  const ssize_t sent =
      ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length);
  const int error_number = errno;
  ::close(descriptor);
  if (sent < 0)
    return std::unexpected(error_from_errno(error_number, fmt::format("write to NOTIFY_SOCKET={}", socket)));
  return {};
}

}  // namespace seekfs::app
