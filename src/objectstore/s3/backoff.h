// How long to wait before a retry: the AWS SDKs' "standard" mode.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "objectstore/origin_gate.h"

namespace seekfs::objectstore::s3 {

struct BackoffPolicy {
  std::uint32_t max_attempts = 3;  ///< the first included; at least 1
  std::chrono::milliseconds transient_base{100};
  std::chrono::milliseconds throttled_base{1000};
  std::chrono::milliseconds longest{20'000};
  std::chrono::milliseconds longest_over_computed{5000};  ///< how much more than the computed wait a server may ask for
};

/// The pause before retry number `retry` (from 0): "full jitter", a uniform part of base × 2^retry up to `longest`.
/// `random` is uniform in [0, 2^64). A server's wish is honoured when it is longer, up to `longest_over_computed` more.
std::chrono::milliseconds backoff(const BackoffPolicy& policy, RetryKind kind, std::uint32_t retry,
                                  std::uint64_t random, std::optional<std::chrono::milliseconds> wish);

}  // namespace seekfs::objectstore::s3
