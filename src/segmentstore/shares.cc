// Who holds how much, and the choice of a victim.
#include "segmentstore/shares.h"

#include <algorithm>

namespace seekfs::segmentstore {
namespace {

struct Holdings {
  std::vector<TenantBytes> tenants;
  std::uint64_t largest = 0;
  bool unknown = false;
};

Holdings holdings_of(const std::vector<SegmentUse>& segments) {
  Holdings holdings;
  TenantSums sums;
  for (const SegmentUse& segment : segments) {
    sums.add(segment.tenants);
    holdings.unknown = holdings.unknown || segment.unknown_bytes() > 0;
  }
  holdings.tenants = sums.all();
  std::erase_if(holdings.tenants, [](const TenantBytes& one) { return one.bytes == 0; });
  for (const TenantBytes& one : holdings.tenants) holdings.largest = std::max(holdings.largest, one.bytes);
  return holdings;
}

bool shared(const Holdings& holdings) {
  return holdings.tenants.size() > 1 || (holdings.unknown && !holdings.tenants.empty());
}

/// The oldest of which at least `enough` eighths may go.
const SegmentUse* oldest_with(const std::vector<SegmentUse>& segments, const Shares& shares, std::uint64_t enough) {
  for (const SegmentUse& segment : segments) {
    if (segment.sealed && 8 * shares.evictable(segment) >= enough * segment.size) return &segment;
  }
  return nullptr;
}

const SegmentUse* most_evictable(const std::vector<SegmentUse>& segments, const Shares& shares) {
  const SegmentUse* best = nullptr;
  for (const SegmentUse& segment : segments) {
    if (!segment.sealed) continue;
    if (best == nullptr || shares.evictable(segment) > shares.evictable(*best)) best = &segment;
  }
  return best;
}

Victim victim_of(const SegmentUse& segment, const Shares& shares) {
  return {.number = segment.number,
          .shares = shares,
          .spared_bytes = segment.size - shares.evictable(segment),
          .unknown_bytes = segment.unknown_bytes()};
}

}  // namespace

std::uint64_t SegmentUse::unknown_bytes() const noexcept {
  std::uint64_t known = 0;
  for (const TenantBytes& one : tenants) known += one.bytes;
  return live_bytes - std::min(live_bytes, known);
}

Shares Shares::sparing_below(const std::vector<SegmentUse>& segments, std::uint64_t eighths) {
  const Holdings holdings = holdings_of(segments);
  Shares shares;
  shares.any_ = shared(holdings);
  for (const TenantBytes& one : holdings.tenants) {
    if (8 * one.bytes >= eighths * holdings.largest) shares.taken_from_.push_back(one.tenant);
  }
  return shares;
}

bool Shares::spares(TenantId tenant) const noexcept {
  return any_ && tenant != unknown_tenant && std::ranges::find(taken_from_, tenant) == taken_from_.end();
}

std::uint64_t Shares::evictable(const SegmentUse& segment) const noexcept {
  std::uint64_t spared = 0;
  for (const TenantBytes& one : segment.tenants) {
    if (spares(one.tenant)) spared += one.bytes;
  }
  return segment.size - std::min(segment.size, spared);
}

std::optional<Victim> choose_victim(const std::vector<SegmentUse>& segments) {
  const Shares strict = Shares::sparing_below(segments, 8);
  if (const SegmentUse* pure = oldest_with(segments, strict, 7)) return victim_of(*pure, strict);
  const Shares loose = Shares::sparing_below(segments, 7);
  const SegmentUse* cheap = oldest_with(segments, loose, 4);
  if (cheap == nullptr) cheap = most_evictable(segments, loose);
  if (cheap == nullptr) return std::nullopt;
  return victim_of(*cheap, loose);
}

}  // namespace seekfs::segmentstore
