// Which namespaces' pages are spared when a store needs space, and which segment goes first.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "segmentstore/location.h"
#include "segmentstore/tenant.h"

namespace seekfs::segmentstore {

/// What eviction looks at in one segment.
struct SegmentUse {
  SegmentNumber number = 0;
  bool sealed = false;
  std::uint64_t size = 0;  ///< bytes of records, dead ones included
  std::uint64_t live_bytes = 0;
  std::vector<TenantBytes> tenants;  ///< known and live
  /// Live, of nobody knows whom: written before the start, or by an older program.
  std::uint64_t unknown_bytes() const noexcept;
};

/// Shares are max-min fair (Bertsekas, Gallager, Data Networks, 2nd edition, section 6.5.2): what a namespace leaves of
/// its equal share is lent to the others, and whoever holds the most loses first, as a full router drops from its
/// longest queue (McKenney, Stochastic Fairness Queueing, 1990). So a namespace below its share keeps its pages however
/// much another one reads. A value.
class Shares {
 public:
  /// Nobody is spared.
  Shares() = default;
  /// Spared is who holds less than so many eighths of what the largest holds.
  static Shares sparing_below(const std::vector<SegmentUse>& segments, std::uint64_t eighths);

  /// Whether anybody may be spared: false while all pages that are known are one namespace's.
  bool any() const noexcept { return any_; }
  /// One that holds nothing is spared; the unknown one is not.
  bool spares(TenantId tenant) const noexcept;
  /// Bytes in the segment that may go: dead, unknown, or of namespaces that are not spared.
  std::uint64_t evictable(const SegmentUse& segment) const noexcept;

 private:
  std::vector<TenantId> taken_from_;
  bool any_ = false;
};

struct Victim {
  SegmentNumber number = 0;
  Shares shares;
  std::uint64_t spared_bytes = 0;  ///< known to be in it
  std::uint64_t unknown_bytes = 0;
};

/// Among the sealed ones, which come in the order of their age; nothing when there is none. In this order:
/// 1. the oldest of which seven eighths may go when only the largest namespace gives way: that costs next to nothing;
/// 2. the oldest of which a half may go when all give way that are not clearly smaller than the largest. Pages of
///    namespaces of one size lie in the same segments, and would be carried over again and again;
/// 3. the one of which the most may go.
std::optional<Victim> choose_victim(const std::vector<SegmentUse>& segments);

}  // namespace seekfs::segmentstore
