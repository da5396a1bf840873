// The settings of the HTTP server, as plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "env/clock.h"
#include "http/socket_file.h"
#include "reader/read_service.h"

namespace seekfs::http {

struct ServerOptions {
  /// "127.0.0.1:7070", "[::1]:0", "localhost:7070", "unix:/run/seekfs.sock"; port 0 picks a free one.
  std::vector<std::string> listen = {"127.0.0.1:7070"};
  SocketAccess socket_access;
  /// Reactors, each one thread; at least 1.
  std::size_t threads = 1;
  /// Connections open at a time; one more gets a 503 and is closed.
  std::size_t max_connections = 8192;

  /// From a request's first byte to the end of its header.
  env::Duration header_timeout = std::chrono::seconds(10);
  /// Between two requests of a connection, and before the first.
  env::Duration idle_timeout = std::chrono::seconds(60);
  /// Without any progress while a body is received or a reply is sent.
  env::Duration transfer_timeout = std::chrono::seconds(30);
  /// For one question to the reader or the store.
  env::Duration wait = reader::default_wait;

  std::size_t max_header_bytes = 16384;  ///< request line included; more is 431
  std::size_t max_target_bytes = 8192;   ///< more is 414
  std::size_t max_body_bytes = 16U << 20U;
  std::uint64_t readv_max_items = 16384;
  std::uint64_t readv_max_bytes = 1U << 30U;

  /// /test_head and /test_stream exist.
  bool dev_endpoints = false;
  /// One debug line a request; building it costs time and memory, so set it only when that level is written.
  bool access_log = false;

  /// What /version says.
  std::string version;
  std::string build;
  std::vector<std::string> features;
};

}  // namespace seekfs::http
