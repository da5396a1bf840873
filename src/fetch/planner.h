// Decides what one GET asks for. Pure: a function of what is known, so that it is tested and simulated without I/O.
#pragma once

#include <cstdint>
#include <span>

namespace seekfs::fetch {

/// A page that waits to be asked for, as the planner sees it: a range of its object.
struct PendingRange {
  std::uint64_t off = 0;
  std::uint32_t len = 0;
  bool alone = false;     ///< to be fetched by a request of its own: its last bytes were wrong
  bool prefetch = false;  ///< no reader waits for it
};

struct PlannerPolicy {
  /// The most bytes that one GET may ask for; a single larger page is asked for all the same.
  std::uint64_t coalesce_max_bytes = 32U << 20U;
  /// How much of that may lie before the page that has waited longest, which arrives that much later.
  std::uint64_t lead_in_max_bytes = 4U << 20U;
  /// The most bytes of a GET whose oldest page is a prefetch, if less than coalesce_max_bytes: several of them run side
  /// by side within the memory that prefetching may take.
  std::uint64_t prefetch_max_bytes = 8U << 20U;
};

/// A run of pending pages that one GET covers: pages [first, first + count) of the planner's input.
struct GetPlan {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Plans the next GET of one object. `pending` is sorted by offset; `oldest` is the page that has waited longest, which
/// the plan always covers. Only pages that follow each other without a gap or an overlap are put together. A GET for a
/// reader runs on over prefetches that follow, but lets none precede what the reader waits for.
GetPlan plan_get(std::span<const PendingRange> pending, std::size_t oldest, const PlannerPolicy& policy);

}  // namespace seekfs::fetch
