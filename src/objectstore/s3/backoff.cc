// Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#include "objectstore/s3/backoff.h"

#include <algorithm>

namespace seekfs::objectstore::s3 {

std::chrono::milliseconds backoff(const BackoffPolicy& policy, RetryKind kind, std::uint32_t retry,
                                  std::uint64_t random, std::optional<std::chrono::milliseconds> wish) {
  const auto base = kind == RetryKind::throttled ? policy.throttled_base : policy.transient_base;
  auto ceiling = base;
  for (std::uint32_t i = 0; i < retry && ceiling < policy.longest; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, policy.longest);
  const double part = static_cast<double>(random) / 0x1p64;
  const std::chrono::milliseconds computed(static_cast<std::int64_t>(static_cast<double>(ceiling.count()) * part));
  if (!wish) return computed;
  return std::clamp(*wish, computed, computed + policy.longest_over_computed);
}

}  // namespace seekfs::objectstore::s3
