// One HTTP exchange with an S3 endpoint or a credentials service: the request and the reply as values, and the client
// that carries them. curl_client.h makes the real one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "env/clock.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore::s3 {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;                  ///< absolute, percent-encoded; it goes out exactly as it stands here
  std::vector<HttpHeader> headers;  ///< without Host and Content-Length, which follow from `url` and `body`
  BodySource* body = nullptr;       ///< of a PUT or POST; outlives the transfer. Null: an empty body
  ByteRange body_range;             ///< the part of `body` that is sent; len may be 0
  env::TimePoint deadline = env::TimePoint::max();
  bool fresh_connection = false;  ///< never one that was used before, e.g. for a hedge
};

struct HttpReplyHead {
  int status = 0;
  std::vector<HttpHeader> headers;  ///< in the order received; names as received

  /// The first header of this name, whatever its case.
  std::optional<std::string_view> find(std::string_view name) const;
};

struct HttpReply {
  HttpReplyHead head;
  std::string body;  ///< when the receiver gave no sink; cut at 1 MiB
  bool body_cut = false;
  bool ended_by_sink = false;  ///< the sink wanted no more: the rest of the body was not received
};

/// Decides what happens with a reply once its head is there. Called on the client's transfer thread; must not block.
class HttpReceiver {
 public:
  virtual ~HttpReceiver() = default;
  struct Choice {
    BodySink* sink = nullptr;  ///< where the body goes; null: into HttpReply::body
    bool abandon = false;      ///< the transfer ends here with `cancelled`
  };
  /// The final head: heads of 1xx replies are not shown. Called at most once a transfer.
  virtual Choice on_head(const HttpReplyHead& head) = 0;
};

/// A receiver for small replies: everything goes into HttpReply::body.
class WholeReply final : public HttpReceiver {
 public:
  Choice on_head(const HttpReplyHead&) override { return {}; }
};

/// An exchange that was started. The handle may be destroyed at any time, which cancels. Receiver, sink and body
/// outlive the end of wait() or the handle, whichever comes first.
class HttpTransfer {
 public:
  /// When it returns, nothing calls the receiver, the sink or the body any more; it waits for a call of theirs that is
  /// under way, unless it runs within that very call.
  virtual ~HttpTransfer() = default;
  /// Ends it soon with `cancelled`, when it has not ended yet. Thread-safe; never blocks; may be called on the transfer
  /// thread.
  virtual void cancel() = 0;
  /// Once only. When it returns, nothing calls the receiver, the sink or the body any more. Any status is a success
  /// here. Errors: transient (not resolved, refused, reset, closed before the whole body, a TLS handshake that broke);
  /// timeout (the deadline); denied (a certificate that is not trusted; the message names ca_bundle); invalid (not an
  /// http(s) URL, a header with a line break, a ca_bundle that can't be read); corrupt (not HTTP); exhausted (no
  /// descriptors, no memory); cancelled; or the error of `body`. Messages name host and port, never headers.
  virtual async::Task<HttpReply> wait() = 0;
};

/// Thread-safe. Redirects are not followed, proxies come from the usual variables of the environment except for
/// loopback and link-local hosts, cookies and caches do not exist.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Never blocks. `receiver` outlives the transfer, see there.
  virtual std::unique_ptr<HttpTransfer> start(HttpRequest request, HttpReceiver& receiver) = 0;
};

/// start() and wait() with a small reply.
async::Task<HttpReply> exchange(HttpClient& client, HttpRequest request);

}  // namespace seekfs::objectstore::s3
