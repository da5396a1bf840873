// The loopback server: one thread accepts, one thread serves each connection.
#include "objectstore/s3/loopback_http_testing.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <list>
#include <system_error>
#include <thread>

#include "base/mutex.h"
#include "objectstore/s3/loopback_connection_testing.h"
#include "objectstore/s3/loopback_socket_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

[[noreturn]] void fail_to_listen(int socket) {
  const int error = errno;
  if (socket >= 0) ::close(socket);
  throw std::system_error(error, std::generic_category(), "a test server can't listen on 127.0.0.1");
}

int listen_on(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail_to_listen(socket);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail_to_listen(socket);
  if (::listen(socket, SOMAXCONN) != 0) fail_to_listen(socket);
  return socket;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail_to_listen(socket);
  return ntohs(address.sin_port);
}

/// Writing to a connection that the peer has closed must fail, not end the program; OpenSSL knows no MSG_NOSIGNAL.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

std::string_view ServedRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

struct LoopbackHttpServer::State {
  State(Handler function, const std::optional<LoopbackIdentity>& identity, std::uint16_t wanted_port)
      : handler(std::move(function)),
        secure(identity.has_value()),
        tls(identity ? make_tls_context(*identity) : nullptr),
        listener(listen_on(wanted_port)),
        port(port_of(listener)) {}
  ~State() { ::close(listener); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  struct Connection {
    Connection(int descriptor, SSL_CTX* context) : socket(descriptor, context) {}
    LoopbackSocket socket;
    std::thread thread;
    bool ended = false;  ///< under the server's mutex
  };

  void accept_all();
  void add(int descriptor);
  void serve(Connection& connection, std::uint64_t number);
  void join_ended();
  void stop();

  const Handler handler;
  const bool secure;
  const TlsContext tls;
  const int listener;
  const std::uint16_t port;
  std::atomic<std::uint64_t> requests = 0;

  Mutex mutex;
  bool stopping SEEKFS_GUARDED_BY(mutex) = false;
  std::uint64_t accepted SEEKFS_GUARDED_BY(mutex) = 0;
  std::uint64_t open SEEKFS_GUARDED_BY(mutex) = 0;
  std::list<Connection> connections SEEKFS_GUARDED_BY(mutex);
  std::thread acceptor;
};

void LoopbackHttpServer::State::accept_all() {
  while (true) {
    const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const int error = errno;
    join_ended();
    if (descriptor >= 0) {
      add(descriptor);
      continue;
    }
    {
      MutexLock lock(mutex);
      if (stopping) return;
    }
    // Out of descriptors, which takes a while to pass; everything else passes at once.
    if (error == EMFILE || error == ENFILE) ::poll(nullptr, 0, 10);
  }
}

void LoopbackHttpServer::State::add(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  MutexLock lock(mutex);
  Connection& connection = connections.emplace_back(descriptor, tls.get());
  const std::uint64_t number = ++accepted;
  ++open;
  if (stopping) connection.socket.interrupt();
  connection.thread = std::thread([this, &connection, number] { serve(connection, number); });
}

void LoopbackHttpServer::State::serve(Connection& connection, std::uint64_t number) {
  block_sigpipe();
  if (connection.socket.handshake()) {
    LoopbackConnection http(connection.socket, number);
    while (const std::optional<ServedRequest> request = http.receive()) {
      requests.fetch_add(1);
      if (!http.send(*request, handler(*request))) break;
    }
  }
  connection.socket.finish();
  MutexLock lock(mutex);
  connection.ended = true;
  --open;
}

void LoopbackHttpServer::State::join_ended() {
  std::list<Connection> ended;
  {
    MutexLock lock(mutex);
    for (auto at = connections.begin(); at != connections.end();) {
      const auto next = std::next(at);
      if (at->ended) ended.splice(ended.end(), connections, at);
      at = next;
    }
  }
  for (Connection& connection : ended) connection.thread.join();
}

void LoopbackHttpServer::State::stop() {
  {
    MutexLock lock(mutex);
    stopping = true;
    for (Connection& connection : connections) connection.socket.interrupt();
  }
  ::shutdown(listener, SHUT_RDWR);
  acceptor.join();
  std::list<Connection> all;
  {
    MutexLock lock(mutex);
    // The elements stay where their threads know them.
    all.splice(all.end(), connections);
  }
  for (Connection& connection : all) connection.thread.join();
}

LoopbackHttpServer::LoopbackHttpServer(Handler handler, std::optional<LoopbackIdentity> identity, std::uint16_t port)
    : state_(std::make_shared<State>(std::move(handler), identity, port)) {
  state_->acceptor = std::thread([state = state_.get()] { state->accept_all(); });
}

LoopbackHttpServer::~LoopbackHttpServer() { state_->stop(); }

std::uint16_t LoopbackHttpServer::port() const { return state_->port; }

std::string LoopbackHttpServer::url() const {
  return fmt::format("{}://127.0.0.1:{}", state_->secure ? "https" : "http", state_->port);
}

std::uint64_t LoopbackHttpServer::requests() const { return state_->requests.load(); }

std::uint64_t LoopbackHttpServer::connections() const {
  MutexLock lock(state_->mutex);
  return state_->accepted;
}

std::uint64_t LoopbackHttpServer::open_connections() const {
  MutexLock lock(state_->mutex);
  return state_->open;
}

}  // namespace seekfs::objectstore::s3
