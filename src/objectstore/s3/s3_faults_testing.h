// The script of a faulty S3 server: which requests go wrong, and how.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "objectstore/s3/fake_bucket_testing.h"
#include "objectstore/s3/loopback_http_testing.h"
#include "objectstore/s3/s3_request_testing.h"

namespace seekfs::objectstore::s3 {

enum class FaultKind : std::uint8_t {
  none,  ///< the healthy reply; the fault is on the wire

  // The service says no. `status` 0: the one that S3 uses.
  slow_down,             ///< 503 SlowDown
  internal_error,        ///< 500
  service_unavailable,   ///< 503 ServiceUnavailable
  error_in_success,      ///< 200 with an <Error> of InternalError as its body
  expired_token,         ///< 400
  wrong_region,          ///< 301 PermanentRedirect; 307 TemporaryRedirect, 400 AuthorizationHeaderMalformed
  time_too_skewed,       ///< 403 RequestTimeTooSkewed; Date tells the server's time
  conditional_conflict,  ///< 409 ConditionalRequestConflict
  precondition_failed,   ///< 412
  access_denied,         ///< 403
  kms_disabled,          ///< 400 KMS.DisabledException
  garbage_xml,           ///< 200 with half a document
  empty_body,            ///< 200 with nothing

  // A success that is wrong.
  wrong_range,   ///< Content-Range says another place
  whole_body,    ///< the Range header was not seen: 200
  flipped_byte,  ///< the byte at `offset` of the body
  wrong_etag,    ///< another ETag in the head
  replaced,      ///< another object has the key from then on, in the middle of this reply
};
std::string_view to_string(FaultKind kind);
std::optional<FaultKind> fault_kind_of(std::string_view name);

struct Fault {
  FaultKind kind = FaultKind::none;
  int status = 0;
  std::string region;         ///< of wrong_region: where the bucket is; empty: "eu-west-1"
  std::uint64_t offset = 0;   ///< of flipped_byte
  bool takes_effect = false;  ///< the service does what it was asked to, and says no all the same
  std::optional<std::chrono::milliseconds> x_amz_retry_after;  ///< the header, in milliseconds
  std::optional<std::chrono::seconds> retry_after;             ///< the header, in seconds

  // On the wire; loopback_http_testing.h.
  std::chrono::milliseconds delay{0};
  std::optional<std::uint64_t> reset_at;
  std::optional<std::uint64_t> close_at;  ///< a truncated body
  std::uint64_t surplus = 0;              ///< an overlong body: so many bytes more than Content-Length says
  std::optional<std::uint64_t> pause_at;
  std::chrono::milliseconds pause{0};
  std::chrono::milliseconds byte_interval{0};
  bool no_reply = false;
  bool close_after = false;
};

/// Requests that match are counted from 1; those from `from` on, `times` of them, get the fault.
struct FaultRule {
  std::vector<S3Operation> operations;  ///< empty: any
  std::string key_part;                 ///< stands in the key, or in the prefix of a list; empty: any
  std::uint64_t from = 1;
  std::uint64_t times = std::numeric_limits<std::uint64_t>::max();
  Fault fault;
};

/// Thread-safe.
class FaultScript {
 public:
  /// The first rule that is due decides; every rule that matches counts.
  std::optional<Fault> next(const ServedS3Request& request);
  void add(FaultRule rule);
  void clear();
  /// How often a fault was given.
  std::uint64_t given() const;

 private:
  struct Entry {
    FaultRule rule;
    std::uint64_t matches = 0;
  };
  mutable Mutex mutex_;
  std::vector<Entry> entries_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t given_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

/// The reply of a service that says no; nothing when the kind is no such one.
std::optional<ServedReply> refusal_of(const Fault& fault, const ServedS3Request& request);
/// Makes a healthy reply wrong, and puts the fault on the wire.
void spoil(ServedReply& reply, const Fault& fault, const ServedS3Request& request, FakeBucket& bucket);

}  // namespace seekfs::objectstore::s3
