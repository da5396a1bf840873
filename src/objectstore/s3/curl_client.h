// The HTTP client on libcurl's multi interface: transfer threads of its own, each with one multi handle and its pool of
// keep-alive connections. https://curl.se/libcurl/c/libcurl-multi.html
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "async/timers.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

struct CurlClientOptions {
  std::uint32_t threads = 1;                        ///< at least 1; a transfer stays on the thread that it was dealt to
  std::chrono::milliseconds connect_timeout{5000};  ///< name, TCP and TLS together: then `transient`
  /// No byte in either direction for so long: then `transient`, so that a retry comes before the deadline.
  std::chrono::milliseconds stall_timeout{20'000};
  std::string ca_bundle;  ///< a PEM file instead of the system's; empty: the system's
  std::uint32_t max_idle_connections = 256;
  std::string user_agent;
};

/// `timers` outlives the client. The destructor cancels what is under way and returns when the threads have ended.
/// HTTP/1.1, TCP_NODELAY, keep-alive.
std::unique_ptr<HttpClient> make_curl_client(CurlClientOptions options, async::Timers& timers);

}  // namespace seekfs::objectstore::s3
