// Metric handles of a directory, and the way from an error to a disk that is off.
#include "segmentstore/disk_shared.h"

#include <fmt/format.h>

#include <string>

namespace seekfs::segmentstore {
namespace {

constexpr std::array<std::string_view, 3> drop_names = {"busy", "down", "failed"};

}  // namespace

DiskMetrics::DiskMetrics(MetricsRegistry& metrics, const std::string& directory)
    : up_(metrics.gauge("seekfs_l2_up", "1 while a directory of L2 is in use, 0 while its disk is switched off.",
                        {{"disk", directory}})) {
  for (std::size_t i = 0; i < dropped_.size(); ++i) {
    dropped_[i] = &metrics.counter("seekfs_l2_dropped_pages_total",
                                   "Pages that were offered to L2 and not taken: its queue was full (busy), its disk "
                                   "was off (down), or the write failed.",
                                   {{"disk", directory}, {"reason", std::string(drop_names[i])}});
  }
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    errors_[i] = &metrics.counter("seekfs_l2_errors_total",
                                  "Operations on a directory of L2 that failed or came after their deadline.",
                                  {{"disk", directory}, {"op", std::string(to_string(static_cast<DiskOp>(i)))}});
  }
}

void DiskMetrics::dropped(Drop why, std::uint64_t pages) noexcept {
  if (pages == 0) return;
  dropped_[static_cast<std::size_t>(why)]->add(pages);
  all_dropped_.add(pages);
}

DiskShared::DiskShared(const TierParts& tier_parts, const TierOptions& tier_options, StoreOptions disk)
    : parts(tier_parts),
      options(tier_options),
      store_options(std::move(disk)),
      health({.errors_to_close = tier_options.errors_to_close,
              .first_retry = tier_options.first_retry,
              .last_retry = tier_options.last_retry},
             tier_parts.timers.clock().now()),
      queue(tier_options.queue_bytes),
      legacy(tier_parts.files, store_options.path, tier_parts.log),
      metrics(tier_parts.metrics, store_options.path) {}

void DiskShared::report(DiskOp op, const Error& error) {
  metrics.failed(op);
  if (!health.up()) return;  // what was under way when it went off: said already
  parts.log.warning("an operation on a cache disk failed",
                    {{"directory", path()}, {"operation", to_string(op)}, {"reason", error.message}});
  if (!health.failed(op, error, now())) return;
  metrics.set_up(false);
  parts.log.error("a cache disk is switched off; its pages are fetched from the origin until it works again",
                  {{"directory", path()}, {"operation", to_string(op)}, {"reason", error.message}});
  metrics.dropped(Drop::down, queue.drop_waiting());
  // Last: once nobody holds the store, the writer may open the directory again.
  slot->empty();
  wake->ring();
}

Error DiskShared::off_error() const {
  return {ErrorCode::transient, fmt::format("{} is switched off: {}", path(), health.reason())};
}

}  // namespace seekfs::segmentstore
