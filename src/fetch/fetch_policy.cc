// The figures were chosen with `seekfs-bench simulate` (docs/BENCHMARK.md).
#include "fetch/fetch_policy.h"

#include <algorithm>

namespace seekfs::fetch {

RunOnPolicy run_on_policy(FetchPolicy policy, std::uint64_t coalesce_max_bytes) noexcept {
  using std::chrono::milliseconds;
  constexpr std::uint64_t mib = 1U << 20U;
  RunOnPolicy figures;
  switch (policy) {
    case FetchPolicy::latency:
      figures = {.get_price_bytes = mib,
                 .max_bytes = mib + mib / 4,
                 .lead_in_max_bytes = 0,
                 .patience = milliseconds(20),
                 .prior = 0.25};
      break;
    case FetchPolicy::balanced:
      figures = {.get_price_bytes = 8 * mib,
                 .max_bytes = 16 * mib,
                 .lead_in_max_bytes = 4 * mib,
                 .patience = milliseconds(500),
                 .prior = 0.25};
      break;
    case FetchPolicy::fewest_gets:
      figures = {.get_price_bytes = 64 * mib,
                 .max_bytes = 64 * mib,
                 .lead_in_max_bytes = 16 * mib,
                 .patience = milliseconds(2000),
                 .prior = 0.5};
      break;
  }
  figures.max_bytes = std::min(figures.max_bytes, coalesce_max_bytes);
  figures.lead_in_max_bytes = std::min(figures.lead_in_max_bytes, coalesce_max_bytes / 2);
  return figures;
}

}  // namespace seekfs::fetch
