// A ladder of decisions: answers that stand, answers that one correction mends, and those that a pause may mend.
#include "objectstore/s3/attempts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/pause.h"

namespace seekfs::objectstore::s3 {

env::TimePoint Attempts::deadline(std::optional<std::uint64_t> bytes) const {
  if (!bytes) return options_.deadline;
  // A range may be asked for that no object has: a year stands for all that is longer.
  constexpr std::uint64_t longest = std::uint64_t{365} * 24 * 3600;
  const std::chrono::seconds for_body(std::min(*bytes / limits_.slowest_bytes_per_second, longest));
  return std::min(options_.deadline, parts_.timers.clock().now() + limits_.request_timeout + for_body);
}

async::Task<void> Attempts::after(const Failure& failure, const SignedHttp& sent) {
  ++made_;
  paid_ = {};
  parts_.log.debug("a request to the store failed", {{"attempt", made_}, {"error", failure.error.message}});
  switch (failure.kind) {
    case FailureKind::final: co_return give_up(failure);
    case FailureKind::expired_credentials:
    case FailureKind::wrong_region:
    case FailureKind::clock_skew: co_return co_await send_corrected(failure, sent);
    case FailureKind::transient:
    case FailureKind::throttled:
    case FailureKind::conditional_conflict: co_return co_await pause(failure);
  }
  co_return give_up(failure);
}

/// Each correction once: a store that refuses the corrected request means it.
async::Task<void> Attempts::send_corrected(const Failure& failure, const SignedHttp& sent) {
  bool& done = failure.kind == FailureKind::expired_credentials ? refreshed_
               : failure.kind == FailureKind::wrong_region      ? moved_
                                                                : clock_set_;
  if (std::exchange(done, true) || !parts_.signer.correct(failure, sent)) co_return give_up(failure);
  if (!co_await permit_.next()) co_return give_up(failure);
  co_return Status();
}

async::Task<void> Attempts::pause(const Failure& failure) {
  if (retries_ + 1 >= limits_.backoff.max_attempts) co_return give_up(failure);
  const RetryKind kind = failure.kind == FailureKind::throttled ? RetryKind::throttled : RetryKind::transient;
  const auto wait = backoff(limits_.backoff, kind, retries_, parts_.random.next(), failure.retry_after);
  const env::TimePoint now = parts_.timers.clock().now();
  // Better this error now than a time-out without a reason later.
  if (options_.deadline - now <= wait) co_return give_up(failure);
  const auto token = parts_.gate.take_retry(kind);
  if (!token) co_return give_up(failure);
  RetryPayment payment(parts_.gate, *token);
  SEEKFS_CO_TRY(co_await async::pause_until(parts_.timers, now + wait));
  if (!co_await permit_.next()) co_return give_up(failure);
  ++retries_;
  paid_ = std::move(payment);
  co_return Status();
}

std::unexpected<Error> Attempts::give_up(const Failure& failure) const {
  Error error = failure.error;
  if (made_ > 1) error.message += fmt::format(" (attempt {})", made_);
  return std::unexpected(std::move(error));
}

}  // namespace seekfs::objectstore::s3
