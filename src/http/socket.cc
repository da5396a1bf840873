// The only translation unit with Asio's sockets. Bytes go through the plain system calls; Asio waits for readiness.
#include "http/socket.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <climits>

namespace seekfs::http {
namespace {

using AnyStream = boost::asio::generic::stream_protocol;
using Socket = boost::asio::basic_stream_socket<AnyStream, async::Executor>;
using Watched = boost::asio::posix::basic_stream_descriptor<async::Executor>;
using IoError = boost::system::error_code;

/// As many as Asio takes of a sequence at a time.
constexpr std::size_t asio_buffers = 64;
constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<async::Executor>> as_tuple{};

std::unexpected<Error> connection_error(const IoError& error, std::string_view action) {
  if (error == boost::asio::error::operation_aborted) return fail(ErrorCode::cancelled, "the connection was given up");
  return fail(ErrorCode::transient, fmt::format("{}: {}", action, error.message()));
}

class SocketStream final : public Stream {
 public:
  explicit SocketStream(async::Executor executor) : socket_(executor) {}

  Status open(Descriptor descriptor) {
    sockaddr_storage local{};
    socklen_t length = sizeof local;
    if (::getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&local), &length) != 0) {
      return std::unexpected(error_from_errno(errno, "name a connection"));
    }
    const bool is_tcp = local.ss_family != AF_UNIX;
    const int on = 1;
    if (is_tcp && ::setsockopt(descriptor.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
      return std::unexpected(error_from_errno(errno, "set TCP_NODELAY"));
    }
    IoError error;
    socket_.assign(AnyStream(local.ss_family, is_tcp ? IPPROTO_TCP : 0), descriptor.get(), error);
    if (error) return connection_error(error, "watch a connection");
    descriptor.release();
    // Asio does its own non-blocking calls only on sockets that it knows to be so.
    socket_.native_non_blocking(true, error);
    if (error) return connection_error(error, "set a connection non-blocking");
    return {};
  }

  async::Task<std::size_t> read_some(std::span<char> out) override {
    auto [error, count] = co_await socket_.async_read_some(boost::asio::buffer(out.data(), out.size()), as_tuple);
    if (error == boost::asio::error::eof) co_return 0;
    if (error) co_return connection_error(error, "receive");
    co_return count;
  }

  async::Task<bool> receive(ByteSink& sink) override {
    auto [error, more] = co_await boost::asio::async_initiate<decltype(as_tuple), void(IoError, bool)>(
        [this, &sink](auto waiter) { receive_into(Receiver<decltype(waiter)>{*this, sink, std::move(waiter)}); },
        as_tuple);
    if (error) co_return connection_error(error, "receive");
    co_return more;
  }

  Result<std::size_t> try_write(std::span<const iovec> pieces) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
    while (true) {
      const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) return static_cast<std::size_t>(sent);
      if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
      if (errno != EINTR) return fail(ErrorCode::transient, error_from_errno(errno, "send").message);
    }
  }

  // Asio's own write as well: what it waits for stays registered with the kernel, and it sends as soon as it is woken.
  async::Task<std::size_t> write_some(std::span<const iovec> pieces) override {
    std::array<boost::asio::const_buffer, asio_buffers> buffers;
    const std::size_t many = std::min(pieces.size(), buffers.size());
    for (std::size_t i = 0; i < many; ++i) buffers[i] = {pieces[i].iov_base, pieces[i].iov_len};
    auto [error, count] = co_await socket_.async_write_some(std::span(std::as_const(buffers)).first(many), as_tuple);
    if (error) co_return connection_error(error, "send");
    co_return count;
  }

  void cancel() noexcept override {
    cancel_next_read_ = is_between_reads_;
    IoError ignored;
    socket_.cancel(ignored);
  }

  void shutdown_write() noexcept override {
    IoError ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  void reset() noexcept override {
    const linger at_once{1, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    IoError ignored;
    socket_.close(ignored);
  }

 private:
  /// Called by Asio with what has come; starts the next read itself until its sink has had enough, which resumes the
  /// coroutine that waits.
  template <class Waiter>
  struct Receiver {
    SocketStream& stream;
    ByteSink& sink;
    Waiter waiter;

    void operator()(const IoError& error, std::size_t count) {
      if (!error && sink.take(count)) return stream.receive_later(std::move(*this));
      const bool at_end = error == boost::asio::error::eof;
      std::move(waiter)(at_end ? IoError() : error, !at_end);
    }
  };

  /// Asio's read begins with a system call, which finds nothing so soon after a reply. Behind the requests of other
  /// connections that are ready it often finds the next request, and saves the wait for it.
  template <class Waiter>
  void receive_later(Receiver<Waiter> receiver) {
    is_between_reads_ = true;
    boost::asio::post(socket_.get_executor(), [receiver = std::move(receiver)]() mutable {
      SocketStream& stream = receiver.stream;
      stream.is_between_reads_ = false;
      if (!std::exchange(stream.cancel_next_read_, false)) return stream.receive_into(std::move(receiver));
      std::move(receiver.waiter)(IoError(boost::asio::error::operation_aborted), false);
    });
  }

  template <class Waiter>
  void receive_into(Receiver<Waiter> receiver) {
    const std::span<char> room = receiver.sink.room();
    socket_.async_read_some(boost::asio::buffer(room.data(), room.size()), std::move(receiver));
  }

  Socket socket_;
  bool is_between_reads_ = false;
  bool cancel_next_read_ = false;
};

bool is_exhaustion(int error_number) noexcept {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM || error_number == ENOBUFS;
}

class SocketAcceptor final : public Acceptor {
 public:
  SocketAcceptor(async::Executor executor, Descriptor listening) : listening_(executor, listening.release()) {}

  async::Task<std::shared_ptr<Descriptor>> accept() override {
    while (listening_.is_open()) {
      const int fd = ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) co_return std::make_shared<Descriptor>(fd);
      const int error_number = errno;
      if (error_number == EAGAIN || error_number == EWOULDBLOCK) {
        auto [error] = co_await listening_.async_wait(Watched::wait_read, as_tuple);
        if (error) co_return connection_error(error, "wait for a connection");
      } else if (error_number != EINTR) {
        const ErrorCode code = is_exhaustion(error_number) ? ErrorCode::exhausted : ErrorCode::transient;
        co_return fail(code, error_from_errno(error_number, "accept a connection").message);
      }
    }
    co_return fail(ErrorCode::cancelled, "the listener is closed");
  }

  void close() noexcept override {
    IoError ignored;
    listening_.close(ignored);
  }

 private:
  Watched listening_;
};

/// Connections get what their listener has. Within a machine nothing is congested, and the system's choice may cost as
/// much as a tenth of a small reply (BBR paces each segment by a timer); reno costs least and is in every kernel. A
/// system that refuses it serves as well, only for more CPU time.
void set_plainest_congestion_control(int listener) noexcept {
  constexpr std::string_view plainest = "reno";
  (void)::setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, plainest.data(), plainest.size());
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<Stream>> make_socket_stream(async::Executor executor, Descriptor socket) {
  auto stream = std::make_unique<SocketStream>(executor);
  SEEKFS_TRY(stream->open(std::move(socket)));
  return stream;
}

void send_and_close(Descriptor socket, std::string_view bytes) noexcept {
  // Nothing is left to do for a peer that does not take it.
  (void)::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(socket.get(), SHUT_WR);
}

Result<Listener> listen_on(const Address& address, const SocketAccess& access) {
  const auto failed = [&](std::string_view step) {
    return std::unexpected(error_from_errno(errno, fmt::format("{} {}", step, address.to_string())));
  };
  Listener listener{
      .socket = Descriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      .address = address,
      .file = {}};
  const int fd = listener.socket.get();
  if (fd < 0) return failed("make a socket for");
  if (address.is_unix()) {
    SEEKFS_ASSIGN(listener.file, SocketFile::listen(fd, address, access));
    return listener;
  }
  const int on = 1;
  // A restart must not wait for the connections of the last run to fade; [::] must not take the IPv4 port as well.
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed("set SO_REUSEADDR on");
  if (address.storage.ss_family == AF_INET6 && ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
    return failed("set IPV6_V6ONLY on");
  }
  if (address.is_local()) set_plainest_congestion_control(fd);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) return failed("bind");
  if (::listen(fd, SOMAXCONN) != 0) return failed("listen on");
  socklen_t length = sizeof listener.address.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&listener.address.storage), &length) != 0) return failed("name");
  return listener;
}

Result<std::unique_ptr<Acceptor>> make_acceptor(async::Executor executor, Descriptor listening) try {
  return std::make_unique<SocketAcceptor>(executor, std::move(listening));
} catch (const boost::system::system_error& error) {
  return connection_error(error.code(), "watch a listener");
}

}  // namespace seekfs::http
