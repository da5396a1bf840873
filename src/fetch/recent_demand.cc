// Decay is worked out when a slot is looked at.
#include "fetch/recent_demand.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace seekfs::fetch {
namespace {

std::uint64_t region_of(std::string_view object, std::uint64_t off) {
  std::uint64_t word = std::hash<std::string_view>{}(object) ^ (off / RecentDemand::region_bytes) * 0x9E3779B97F4A7C15U;
  word ^= word >> 32U;
  word *= 0xD6E8FEB86659FD93U;
  return word ^ (word >> 32U);
}

}  // namespace

double RecentDemand::faded(const Slot& slot, env::TimePoint now) {
  const std::chrono::duration<double> age = now - slot.since;
  return slot.bytes * std::exp2(-age / std::chrono::duration<double>(half_life));
}

void RecentDemand::note(std::string_view object, std::uint64_t off, std::uint32_t len, env::TimePoint now) {
  const std::uint64_t region = region_of(object, off);
  Slot& slot = table_[region % slots];
  const double before = slot.region == region ? faded(slot, now) : 0;
  slot = {.region = region, .bytes = before + len, .since = now};
}

double RecentDemand::density(std::string_view object, std::uint64_t off, env::TimePoint now) const {
  const std::uint64_t region = region_of(object, off);
  const Slot& slot = table_[region % slots];
  if (slot.region != region) return 0;
  return std::min(1.0, faded(slot, now) / static_cast<double>(region_bytes));
}

}  // namespace seekfs::fetch
