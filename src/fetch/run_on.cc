// The comparison of prices.
#include "fetch/run_on.h"

#include <algorithm>
#include <limits>

namespace seekfs::fetch {

RunOn::RunOn(const RunOnPolicy& policy, std::uint64_t planned_bytes, std::uint64_t coalesce_max_bytes,
             double usefulness, double density) noexcept
    : left_(std::min(policy.max_bytes, coalesce_max_bytes - std::min(planned_bytes, coalesce_max_bytes))) {
  const double probability = std::clamp(std::max(usefulness, density), 0.0, 1.0);
  worth_bytes_ = probability < 1 ? probability / (1 - probability) * static_cast<double>(policy.get_price_bytes)
                                 : std::numeric_limits<double>::infinity();
}

bool RunOn::takes(std::uint32_t len) noexcept {
  if (len > left_ || static_cast<double>(len) >= worth_bytes_) {
    left_ = 0;
    return false;
  }
  left_ -= len;
  bytes_ += len;
  return true;
}

}  // namespace seekfs::fetch
