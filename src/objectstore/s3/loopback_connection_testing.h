// HTTP/1.1 on one connection of the loopback server: requests in, replies out with their misbehaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "objectstore/s3/loopback_http_testing.h"
#include "objectstore/s3/loopback_socket_testing.h"

namespace seekfs::objectstore::s3 {

/// Used by one thread.
class LoopbackConnection {
 public:
  /// `socket` outlives it.
  LoopbackConnection(LoopbackSocket& socket, std::uint64_t number) : socket_(socket), number_(number) {}

  /// The next request, whole; nothing at the end, and after one that was refused (400, 413, 431, 501).
  std::optional<ServedRequest> receive();
  /// False: the connection has ended.
  bool send(const ServedRequest& request, ServedReply reply);

 private:
  std::optional<ServedRequest> refuse(int status);
  bool receive_head(std::string& head);
  bool receive_body(std::uint64_t size, std::string& body);
  bool fill();
  bool write(std::string_view bytes, const ServedReply& reply);
  bool write_parts(std::string head, std::string_view body, const ServedReply& reply);
  bool send_whole(const ServedRequest& request, ServedReply& reply);

  LoopbackSocket& socket_;
  const std::uint64_t number_;
  std::string received_;  ///< and not yet looked at
};

}  // namespace seekfs::objectstore::s3
