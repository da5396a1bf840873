// A server on loopback over a whole node in memory (real caches, real fetcher), and a client that costs next to
// nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "reader/reader_testing.h"

namespace seekfs::http {

/// Namespace "demo", v-1, of the files given, whose bytes are the oracle's. One reactor.
class NodeServer {
 public:
  explicit NodeServer(const std::vector<manifest::OracleFile>& files);
  ~NodeServer();

  std::string address() const { return server->addresses().front(); }

  reader::TestNode node;
  std::unique_ptr<Server> server;
};

/// A keep-alive connection of blocking system calls, without allocations once it is made.
class PlainClient {
 public:
  explicit PlainClient(const std::string& address);
  ~PlainClient();
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  /// Sends a GET of `target`, which is answered by 200 and `body_bytes` bytes, and reads the reply. False when it is
  /// not.
  bool get(std::string_view target, std::size_t body_bytes);

 private:
  std::string request_;
  std::string reply_;
  int fd_ = -1;
};

}  // namespace seekfs::http
