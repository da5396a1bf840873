// Grows a GET forward over what follows the oldest page, then backward over a little of what precedes it.
#include "fetch/planner.h"

#include <algorithm>

namespace seekfs::fetch {
namespace {

bool joins(const PendingRange& before, const PendingRange& after) {
  return !before.alone && !after.alone && before.off + before.len == after.off;
}

}  // namespace

GetPlan plan_get(std::span<const PendingRange> pending, std::size_t oldest, const PlannerPolicy& policy) {
  const bool for_reader = !pending[oldest].prefetch;
  const std::uint64_t max_bytes =
      for_reader ? policy.coalesce_max_bytes : std::min(policy.coalesce_max_bytes, policy.prefetch_max_bytes);
  std::uint64_t bytes = pending[oldest].len;
  std::size_t last = oldest;
  while (last + 1 < pending.size() && joins(pending[last], pending[last + 1]) &&
         bytes + pending[last + 1].len <= max_bytes) {
    bytes += pending[++last].len;
  }
  std::uint64_t lead_in = 0;
  std::size_t first = oldest;
  while (first > 0 && joins(pending[first - 1], pending[first]) && bytes + pending[first - 1].len <= max_bytes &&
         !(for_reader && pending[first - 1].prefetch) && lead_in + pending[first - 1].len <= policy.lead_in_max_bytes) {
    bytes += pending[--first].len;
    lead_in += pending[first].len;
  }
  return {first, last - first + 1};
}

}  // namespace seekfs::fetch
