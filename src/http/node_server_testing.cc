// Wiring of the server, and the client's loop.
#include "http/node_server_testing.h"

#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "http/address.h"

namespace seekfs::http {

NodeServer::NodeServer(const std::vector<manifest::OracleFile>& files) {
  node.publish("demo", 1, files);
  ServerOptions options;
  options.listen = {"127.0.0.1:0"};
  const Parts parts{*node.service, nullptr,    node.metrics,  node.memory,
                    node.timers,   node.clock, null_logger(), *node.random};
  server = std::move(Server::start(parts, std::move(options))).value();
  server->set_ready();
}

/// Readers on the server's reactor end with the fetcher, and it with the reactor that they run on.
NodeServer::~NodeServer() {
  server->stop();
  node.fetcher.shutdown();
}

PlainClient::PlainClient(const std::string& address) {
  const Address parsed = parse_address(address).value();
  fd_ = ::socket(parsed.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&parsed.storage), parsed.length) != 0) {
    throw std::runtime_error("cannot connect to " + address);
  }
  request_.reserve(4096);
  reply_.resize(1U << 16U);
}

PlainClient::~PlainClient() { ::close(fd_); }

bool PlainClient::get(std::string_view target, std::size_t body_bytes) {
  request_.assign("GET ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n\r\n");
  if (::send(fd_, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
    return false;
  constexpr std::string_view ok = "HTTP/1.1 200 ";
  std::size_t received = 0;
  std::size_t whole = reply_.size();
  while (received < whole) {
    const ssize_t count = ::recv(fd_, reply_.data() + received, reply_.size() - received, 0);
    if (count <= 0) return false;
    received += static_cast<std::size_t>(count);
    const std::size_t end = std::string_view(reply_).substr(0, received).find("\r\n\r\n");
    if (end != std::string_view::npos) whole = end + 4 + body_bytes;
  }
  return received == whole && reply_.starts_with(ok);
}

}  // namespace seekfs::http
