// What an answer of S3 that is no success means, and what is done about it: one table.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "objectstore/origin_gate.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

enum class FailureKind : std::uint8_t {
  transient,             ///< tried again after a pause
  throttled,             ///< tried again after a longer one
  conditional_conflict,  ///< 409: another conditional write was under way; tried again like a transient one
  expired_credentials,   ///< tried once more with new ones
  wrong_region,          ///< tried once more where the bucket is
  clock_skew,            ///< tried once more by the server's clock
  final,                 ///< an answer that another try would not change
};

/// A value. The error's message names the operation, S3's code and request id; it holds no secret.
struct Failure {
  FailureKind kind = FailureKind::final;
  Error error;
  std::optional<std::chrono::milliseconds> retry_after;              ///< the server's wish
  std::string region;                                                ///< of wrong_region: where the bucket is
  std::optional<std::chrono::system_clock::time_point> server_time;  ///< of clock_skew

  bool heard = true;  ///< false: it failed on this side, and nothing was learnt of the store

  /// What the gate is told; nothing when nothing was heard.
  std::optional<OriginAnswer> answer() const noexcept;
};

/// An answer whose status is not 2xx, or a 2xx with an <Error> document as its body. `action` is what was tried, e.g.
/// "get a/b of s3://bucket"; it begins the message.
Failure classify_reply(const HttpReply& reply, std::string_view action);

/// A transfer that ended without a whole answer.
Failure classify_transport(const Error& error, std::string_view action);

/// An answer that contradicts itself or the request: tried again, since the next server behind the same name may do
/// better; at last `corrupt`.
Failure broken_answer(std::string_view what, const HttpReplyHead& head, std::string_view action);

/// "(request id X, host id Y)" of an answer, for messages and logs; empty when it has none.
std::string request_ids(const HttpReplyHead& head);

}  // namespace seekfs::objectstore::s3
