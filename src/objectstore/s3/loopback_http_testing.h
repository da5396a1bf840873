// An HTTP server on 127.0.0.1 in this process, for tests: a function answers each request, and an answer may misbehave
// on the wire in every way that a real network and a broken server do.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seekfs::objectstore::s3 {

struct ServedRequest {
  std::string method;
  std::string target;                                        ///< path and query as they came
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::uint64_t connection = 0;  ///< which one, counted from 1

  /// The value of `name` (lower case); empty when it is not there.
  std::string_view header(std::string_view name) const;
};

struct ServedReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // Misbehaviour. A body shorter than what is claimed leaves the peer waiting, unless close_after or close_at is given.
  std::chrono::milliseconds delay{0};  ///< before the first byte; waiting ends when the server stops or the peer leaves
  std::optional<std::uint64_t> content_length;  ///< claimed instead of the body's length
  std::optional<std::uint64_t> reset_at;        ///< the connection is reset when the peer has so many bytes of the body
  std::optional<std::uint64_t> close_at;        ///< the same by an orderly close
  std::optional<std::uint64_t> pause_at;        ///< so many bytes of the body, then `pause`, then the rest, if any
  std::chrono::milliseconds pause{0};
  std::chrono::milliseconds byte_interval{0};  ///< not 0: head and body go out one byte at a time, this far apart
  bool no_reply = false;                       ///< the connection is closed without a byte
  bool close_after = false;                    ///< "Connection: close" and an orderly close

  /// Let go just before the last byte goes out or the connection is ended: a gauge of requests that this holds up goes
  /// down before the peer can know that its request is over.
  std::shared_ptr<const void> in_flight;
};

/// A certificate for 127.0.0.1 and localhost that nobody trusts by default, made for this run.
struct LoopbackIdentity {
  std::string certificate_pem;
  std::string key_pem;
};
LoopbackIdentity make_loopback_identity();

/// HTTP/1.1 with keep-alive and Expect: 100-continue, bodies up to 1 GiB with a Content-Length; a thread a connection.
/// Thread-safe.
class LoopbackHttpServer {
 public:
  /// Called on the connection's thread, by several at once.
  using Handler = std::function<ServedReply(const ServedRequest&)>;
  /// Listens on `port`, 0: a free one. With `identity` it speaks TLS. Throws when it can't.
  explicit LoopbackHttpServer(Handler handler, std::optional<LoopbackIdentity> identity = std::nullopt,
                              std::uint16_t port = 0);
  /// Closes all connections and joins all threads.
  ~LoopbackHttpServer();
  LoopbackHttpServer(const LoopbackHttpServer&) = delete;
  LoopbackHttpServer& operator=(const LoopbackHttpServer&) = delete;

  std::uint16_t port() const;
  std::string url() const;            ///< "http://127.0.0.1:PORT", or https
  std::uint64_t requests() const;     ///< received whole
  std::uint64_t connections() const;  ///< ever accepted
  std::uint64_t open_connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace seekfs::objectstore::s3
