// Requests to a daemon over one blocking connection: as little as a reader can do, so that the server is what is
// measured.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "bench/endpoint.h"
#include "bench/reply_head.h"

namespace seekfs::bench {

/// What is asked. Views live as long as the call.
struct HttpRequest {
  std::string_view verb = "GET";
  std::string_view target;
  std::string_view fields = {};  ///< further header lines, each with its CR LF
  std::string_view body = {};
  int status = 200;  ///< of success
};

/// A keep-alive connection, opened by the first request and again after one that ended. One thread at a time.
class HttpClient {
 public:
  explicit HttpClient(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  /// Opens the connection when there is none, so that the first request does not pay for it.
  Status connect();
  /// Sends a request and puts the body of its 200 into `out`, whose size must be the body's exactly; `corrupt`
  /// otherwise. Another status is an error with the reply's text: not_found for 404, origin_unavailable for 5xx,
  /// bad_request else. Whatever goes wrong closes the connection. Nothing is tried again: a benchmark must see its
  /// failures.
  Status fetch(const HttpRequest& request, std::span<std::byte> out);
  /// The same with a body of any size up to `limit` bytes.
  Result<std::string> fetch_text(const HttpRequest& request, std::size_t limit);

 private:
  Result<ReplyHead> exchange(const HttpRequest& request);
  Result<ReplyHead> receive_head();
  Status receive_body(std::span<std::byte> out);
  Status check_end() const;
  Error refusal(const ReplyHead& head, std::string_view target);
  void close() noexcept;

  Endpoint endpoint_;
  std::optional<Socket> socket_;
  std::string text_;                                ///< kept for its memory
  std::array<std::byte, max_reply_head> buffer_{};  ///< header, and what of the body came with it
  std::size_t begin_ = 0;                           ///< of what was received and not taken
  std::size_t end_ = 0;
};

}  // namespace seekfs::bench
