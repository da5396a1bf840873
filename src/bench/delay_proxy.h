// A TCP proxy on loopback that puts a distance between a client and a store of the same machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "env/clock.h"
#include "env/random.h"

namespace seekfs::bench {

struct DelayProxyOptions {
  std::string listen = "127.0.0.1:0";  ///< an IPv4 address of loopback; port 0: a free one
  std::string to;                      ///< HOST:PORT
  std::string metrics;                 ///< likewise, for `GET /metrics`; empty: none
  /// Of a round trip: a request waits half of it, and so does its reply. Connections are accepted at once.
  std::chrono::milliseconds latency{0};
  std::chrono::milliseconds jitter{0};    ///< a round trip takes up to this much more or less
  std::uint64_t bandwidth = 0;            ///< bytes a second towards all clients together; 0: no limit
  std::uint64_t rate_per_connection = 0;  ///< bytes a second towards the client; 0: no limit
};

/// Hands on bytes unchanged and in order; the end of one direction, too, and a broken connection breaks the other side.
/// Counts the requests of HTTP/1.1 clients that speak to S3 without TLS, for every client in the same way.
class DelayProxy {
 public:
  virtual ~DelayProxy() = default;
  /// HOST:PORT.
  virtual const std::string& address() const = 0;
  virtual const std::string& metrics_address() const = 0;  ///< empty without metrics
  /// Until a stop is requested; then all connections are closed. On one thread, once.
  virtual Status run(const std::stop_token& stop) = 0;
};

/// Listens when it returns. `invalid` for addresses that are none or not of loopback; an error that names the address
/// when it can't be listened on. `clock` and `random` outlive it.
Result<std::unique_ptr<DelayProxy>> make_delay_proxy(const DelayProxyOptions& options, const env::Clock& clock,
                                                     env::Random& random);

}  // namespace seekfs::bench
