// What a miss prefers, a short wait or few GETs, and the figures that stand behind the words.
#pragma once

#include <chrono>
#include <cstdint>

namespace seekfs::fetch {

enum class FetchPolicy : std::uint8_t { latency, balanced, fewest_gets };

/// How far a GET for a reader runs on over pages that no reader has asked for.
struct RunOnPolicy {
  /// How many bytes received in vain one GET less is worth.
  std::uint64_t get_price_bytes = 0;
  /// The most bytes of pages that no reader has asked for in one GET; 0: none.
  std::uint64_t max_bytes = 0;
  /// How much of that may lie before the first page that a reader waits for, which arrives that much later.
  std::uint64_t lead_in_max_bytes = 0;
  /// By how much a page that a GET runs on over may come later than by a GET of its own (fetch/far_behind.h).
  std::chrono::milliseconds patience = std::chrono::hours(24);
  /// The share of such pages that is taken to be used before anything was learned.
  double prior = 0;
};

/// `coalesce_max_bytes`: the most bytes of a GET, which bounds running on as well.
RunOnPolicy run_on_policy(FetchPolicy policy, std::uint64_t coalesce_max_bytes) noexcept;

}  // namespace seekfs::fetch
