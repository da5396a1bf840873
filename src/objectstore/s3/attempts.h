// The tries of one operation: what each failure calls for, how long to wait, and when to give up.
#pragma once

#include <string>

#include "async/timers.h"
#include "base/log.h"
#include "env/random.h"
#include "objectstore/object_store.h"
#include "objectstore/origin_gate.h"
#include "objectstore/s3/backoff.h"
#include "objectstore/s3/permit_use.h"
#include "objectstore/s3/request_signer.h"

namespace seekfs::objectstore::s3 {

/// What every part of the engine works with; all outlive it.
struct EngineParts {
  HttpClient& http;
  RequestSigner& signer;
  OriginGate& gate;
  OriginMetrics& metrics;
  async::Timers& timers;
  env::Random& random;
  Logger& log;
};

struct AttemptLimits {
  BackoffPolicy backoff;
  std::chrono::milliseconds request_timeout{60'000};  ///< of one request, beside the time that its bytes may take
  std::uint64_t slowest_bytes_per_second = 100'000;   ///< what a body may take: its size by this
};

/// Belongs to one coroutine.
class Attempts {
 public:
  /// All arguments outlive it.
  Attempts(const EngineParts& parts, const AttemptLimits& limits, RequestOptions options, PermitUse& permit)
      : parts_(parts), limits_(limits), options_(options), permit_(permit) {}

  /// When the next attempt must end, if so many bytes are to be moved; a number that nobody knows leaves only the
  /// operation's own deadline.
  env::TimePoint deadline(std::optional<std::uint64_t> bytes) const;
  /// After a failed attempt: returns once the next one may begin, the gate's word included, or with the error that the
  /// operation ends with.
  async::Task<void> after(const Failure& failure, const SignedHttp& sent);
  /// The last attempt moved the body on: tries are counted anew. A long body survives more breaks than a short one; the
  /// gate's quota still bounds them.
  void progressed() noexcept { retries_ = 0; }
  /// What the attempt that is about to be sent has paid.
  OriginGate::RetryToken spend() noexcept { return paid_.spend(); }
  RequestOptions options() const noexcept { return options_; }

 private:
  async::Task<void> send_corrected(const Failure& failure, const SignedHttp& sent);
  async::Task<void> pause(const Failure& failure);
  std::unexpected<Error> give_up(const Failure& failure) const;

  const EngineParts& parts_;
  const AttemptLimits& limits_;
  const RequestOptions options_;
  PermitUse& permit_;
  std::uint32_t made_ = 0;
  std::uint32_t retries_ = 0;
  RetryPayment paid_;
  bool refreshed_ = false;
  bool moved_ = false;
  bool clock_set_ = false;
};

}  // namespace seekfs::objectstore::s3
