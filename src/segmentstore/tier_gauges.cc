// One function a metric, over all directories or for one.
#include "segmentstore/tier_gauges.h"

#include <cstdint>

namespace seekfs::segmentstore {
namespace {

using Slots = std::vector<std::shared_ptr<const StoreSlot>>;
using Figure = std::uint64_t StoreStats::*;

std::function<double()> sum_of(const Slots& slots, Figure figure) {
  return [slots, figure] {
    double sum = 0;
    for (const auto& slot : slots) sum += static_cast<double>(slot->stats().*figure);
    return sum;
  };
}

}  // namespace

void add_tier_gauges(MetricsRegistry& metrics, const std::vector<std::string>& paths, const Slots& slots) {
  metrics.gauge_function("seekfs_segment_bytes", "Bytes on disk that segments take.", {},
                         sum_of(slots, &StoreStats::segment_bytes));
  metrics.gauge_function("seekfs_segment_live_bytes", "Bytes of segments that the index points to.", {},
                         sum_of(slots, &StoreStats::live_bytes));
  metrics.gauge_function("seekfs_index_entries", "Pages in the indexes of L2's directories.", {},
                         sum_of(slots, &StoreStats::pages));
  metrics.gauge_function("seekfs_index_bytes", "RAM that the indexes of L2's directories take.", {},
                         sum_of(slots, &StoreStats::index_bytes));
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Labels disk = {{"disk", paths[i]}};
    const Slots one = {slots[i]};
    metrics.gauge_function("seekfs_l2_disk_bytes", "Bytes on disk that a directory of L2 takes, all counted.", disk,
                           sum_of(one, &StoreStats::disk_bytes));
    metrics.counter_function("seekfs_l2_disk_written_bytes_total",
                             "Bytes written to a directory of L2; over seekfs_l2_written_bytes_total they are the "
                             "write amplification.",
                             disk, sum_of(one, &StoreStats::written_bytes));
    metrics.counter_function("seekfs_l2_evicted_segments_total", "Segments that a directory of L2 freed.", disk,
                             sum_of(one, &StoreStats::evicted_segments));
    metrics.counter_function("seekfs_l2_damaged_pages_total", "Records on disk that were not what they should be.",
                             disk, sum_of(one, &StoreStats::damaged_pages));
  }
}

}  // namespace seekfs::segmentstore
