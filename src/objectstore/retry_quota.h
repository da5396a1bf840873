// How many retries a process may still make: what keeps a failing origin from being asked for everything several times.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace seekfs::objectstore {

enum class RetryKind : std::uint8_t { transient, throttled };

/// What a retry paid; given back when it succeeds.
struct RetryToken {
  std::uint32_t cost = 0;
};

/// As the AWS SDKs' "standard" mode. When nothing succeeds, `capacity` / `transient_cost` retries are all there are;
/// when the share f of all requests fails, retries add about (1 - f) / `transient_cost` to them. Not thread-safe.
class RetryQuota {
 public:
  static constexpr std::uint32_t capacity = 500;
  static constexpr std::uint32_t transient_cost = 14;
  static constexpr std::uint32_t throttled_cost = 5;

  /// Nothing: too few tokens are left.
  std::optional<RetryToken> take(RetryKind kind) {
    const RetryToken token{kind == RetryKind::throttled ? throttled_cost : transient_cost};
    if (available_ < token.cost) return std::nullopt;
    available_ -= token.cost;
    return token;
  }
  /// A request succeeded; `paid` is what it paid if it was a retry.
  void succeeded(RetryToken paid) { available_ = std::min(capacity, available_ + std::max(paid.cost, 1U)); }

  /// The retry was not made after all.
  void put_back(RetryToken unused) { available_ = std::min(capacity, available_ + unused.cost); }

  std::uint32_t available() const { return available_; }

 private:
  std::uint32_t available_ = capacity;
};

}  // namespace seekfs::objectstore
