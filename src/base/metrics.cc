// Counting without shared lines: values are spread over slots and added up when somebody asks.
#include "base/metrics.h"

#include <algorithm>

namespace seekfs {

std::size_t metric_slot() noexcept {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t slot = threads.fetch_add(1, std::memory_order_relaxed) % metric_slots;
  return slot;
}

std::uint64_t Counter::value() const noexcept {
  std::uint64_t total = 0;
  for (const Slot& slot : slots_) total += slot.value.load(std::memory_order_relaxed);
  return total;
}

void Histogram::observe(std::chrono::nanoseconds duration) noexcept {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
  Slot& slot = slots_[metric_slot()];
  slot.counts[bucket].fetch_add(1, std::memory_order_relaxed);
  slot.sum_nanoseconds.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)),
                                 std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const noexcept {
  Snapshot result;
  std::uint64_t nanoseconds = 0;
  for (const Slot& slot : slots_) {
    for (std::size_t i = 0; i < slot.counts.size(); ++i) {
      result.counts[i] += slot.counts[i].load(std::memory_order_relaxed);
    }
    nanoseconds += slot.sum_nanoseconds.load(std::memory_order_relaxed);
  }
  result.sum_seconds = static_cast<double>(nanoseconds) * 1e-9;
  return result;
}

}  // namespace seekfs
