// TCP and Unix sockets: connections and listeners. Only socket.cc knows Asio's and the kernel's side of them.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "async/reactor.h"
#include "http/address.h"
#include "http/socket_file.h"
#include "http/stream.h"

namespace seekfs::http {

/// A descriptor that is closed unless it is released. Moves; owns.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// The connection on an accepted, non-blocking socket; to be called on `executor`'s thread. `transient` when the kernel
/// refuses to watch it.
Result<std::unique_ptr<Stream>> make_socket_stream(async::Executor executor, Descriptor socket);

/// Sends what the kernel takes at once, and closes.
void send_and_close(Descriptor socket, std::string_view bytes) noexcept;

/// A bound, listening, non-blocking socket with the address that it got.
struct Listener {
  Descriptor socket;
  Address address;
  SocketFile file;  ///< of a Unix socket
};
/// `access`: of a Unix socket. Errors name the address and the reason; SocketFile::listen().
Result<Listener> listen_on(const Address& address, const SocketAccess& access = {});

/// Waits for connections on a Listener's socket. Belongs to one reactor.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  /// `cancelled` after close(); `exhausted` when the process or the machine is out of descriptors or memory;
  /// `transient` when that one connection has failed already.
  virtual async::Task<std::shared_ptr<Descriptor>> accept() = 0;
  /// No connection is taken any more; on the reactor's thread.
  virtual void close() noexcept = 0;
};
Result<std::unique_ptr<Acceptor>> make_acceptor(async::Executor executor, Descriptor listening);

}  // namespace seekfs::http
