// Counting errors, and the growing pause between attempts.
#include "segmentstore/disk_health.h"

#include <algorithm>
#include <utility>

namespace seekfs::segmentstore {

std::string_view to_string(DiskOp op) noexcept {
  switch (op) {
    case DiskOp::read: return "read";
    case DiskOp::append: return "append";
    case DiskOp::upkeep: return "upkeep";
    case DiskOp::checkpoint: return "checkpoint";
  }
  return "read";
}

DiskHealth::DiskHealth(Options options, env::TimePoint now)
    : options_(options), retry_at_(now), up_since_(now), next_delay_(options.first_retry) {}

std::string DiskHealth::reason() const {
  MutexLock lock(mutex_);
  return reason_;
}

env::TimePoint DiskHealth::retry_at() const {
  MutexLock lock(mutex_);
  return retry_at_;
}

void DiskHealth::succeeded(DiskOp op) noexcept {
  Count& count = counts_[static_cast<std::size_t>(op)];
  // Nearly always both are clear already: then no line is written that other readers share.
  if (count.in_a_row.load(std::memory_order_relaxed) != 0) count.in_a_row.store(0, std::memory_order_relaxed);
  if (count.on_trial.load(std::memory_order_relaxed)) count.on_trial.store(false, std::memory_order_relaxed);
}

bool DiskHealth::failed(DiskOp op, const Error& error, env::TimePoint now) {
  Count& count = counts_[static_cast<std::size_t>(op)];
  MutexLock lock(mutex_);
  if (!up()) return false;
  const std::uint32_t in_a_row = count.in_a_row.fetch_add(1, std::memory_order_relaxed) + 1;
  if (in_a_row < options_.errors_to_close && !count.on_trial.load(std::memory_order_relaxed)) return false;
  go_off(error.message, now);
  return true;
}

void DiskHealth::go_off(std::string reason, env::TimePoint now) {
  if (up() && now - up_since_ >= options_.last_retry) next_delay_ = options_.first_retry;
  reason_ = std::move(reason);
  retry_at_ = now + next_delay_;
  next_delay_ = std::min(next_delay_ * 2, options_.last_retry);
  went_off_ = true;
  up_.store(false, std::memory_order_release);
}

void DiskHealth::opened(env::TimePoint now) {
  MutexLock lock(mutex_);
  for (Count& count : counts_) {
    count.in_a_row.store(0, std::memory_order_relaxed);
    count.on_trial.store(went_off_, std::memory_order_relaxed);
  }
  reason_.clear();
  retry_at_ = env::TimePoint::max();
  up_since_ = now;
  up_.store(true, std::memory_order_release);
}

void DiskHealth::open_failed(const Error& error, env::TimePoint now) {
  MutexLock lock(mutex_);
  go_off(error.message, now);
}

}  // namespace seekfs::segmentstore
