// The comparison of prices, and the walk along the file.
#include "fetch/run_on.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace seekfs::fetch {

RunOn::RunOn(const RunOnPolicy& policy, std::uint64_t planned_bytes, std::uint64_t coalesce_max_bytes,
             double usefulness, double density) noexcept
    : left_(std::min(policy.max_bytes, coalesce_max_bytes - std::min(planned_bytes, coalesce_max_bytes))) {
  const double probability = std::clamp(std::max(usefulness, density), 0.0, 1.0);
  worth_bytes_ = probability < 1 ? probability / (1 - probability) * static_cast<double>(policy.get_price_bytes)
                                 : std::numeric_limits<double>::infinity();
}

bool RunOn::takes(std::uint32_t len) noexcept {
  if (len > left_ || pages_left_ == 0 || static_cast<double>(len) >= worth_bytes_) {
    left_ = 0;
    return false;
  }
  left_ -= len;
  --pages_left_;
  bytes_ += len;
  return true;
}

namespace {

PageJob run_on_job(PageRequest request, MutablePage buffer = {}) {
  return {.request = std::move(request),
          .buffer = std::move(buffer),
          .purpose = objectstore::Purpose::prefetch,
          .run_on = true};
}

std::optional<PageRequest> page_before(const PageRequest& page) {
  if (page.key.page_id == 0) return std::nullopt;
  return page.sibling(page.key.page_id - 1);
}

std::optional<PageRequest> page_behind(const PageRequest& page) {
  return page.sibling(std::uint64_t{page.key.page_id} + 1);
}

/// The pages of the gap before `first`, last one first; none when it is wider.
std::vector<PageRequest> gap_before(const PageRequest& first, RunOn run, std::uint64_t max_bytes,
                                    const Surroundings& around) {
  std::vector<PageRequest> gap;
  std::uint64_t bytes = 0;
  for (auto page = page_before(first); page && around.is_free(*page); page = page_before(gap.back())) {
    bytes += page->key.len;
    if (bytes > max_bytes || !run.takes(page->key.len)) return {};
    gap.push_back(std::move(*page));
  }
  return gap;
}

}  // namespace

std::size_t extend(PlannedGet& get, RunOn run, std::uint64_t lead_in_max_bytes, const Surroundings& around) {
  const std::size_t planned = get.jobs.size();
  std::vector<PageJob> lead_in;
  for (PageRequest& page : gap_before(get.jobs.front().request, run, lead_in_max_bytes, around)) {
    if (!run.takes(page.key.len)) break;
    std::optional<MutablePage> buffer = around.keep_with_memory(page);
    if (!buffer) break;
    get.range.off -= page.key.len;
    get.range.len += page.key.len;
    lead_in.push_back(run_on_job(std::move(page), std::move(*buffer)));
  }
  std::ranges::reverse(lead_in);
  get.jobs.insert(get.jobs.begin(), std::make_move_iterator(lead_in.begin()), std::make_move_iterator(lead_in.end()));
  for (auto next = page_behind(get.jobs.back().request); next && run.takes(next->key.len) && around.keep(*next);
       next = page_behind(get.jobs.back().request)) {
    get.range.len += next->key.len;
    get.jobs.push_back(run_on_job(std::move(*next)));
  }
  return get.jobs.size() - planned;
}

}  // namespace seekfs::fetch
