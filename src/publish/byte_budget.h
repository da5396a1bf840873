// How many bytes coroutines of one thread may hold at once.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "async/promise.h"

namespace seekfs::publish {

/// For one thread. Who holds nothing of it may wait; who holds some only tries: any other rule deadlocks. Those who
/// wait are served first come, first served, and while one waits, to try is refused: read-ahead cannot starve anybody.
class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t limit) : limit_(limit) {}

  bool try_take(std::uint64_t bytes) {
    if (!waiting_.empty() || !fits(bytes)) return false;
    used_ += bytes;
    return true;
  }

  /// More than the limit is granted once nothing else is held.
  async::Task<void> take(std::uint64_t bytes) {
    if (try_take(bytes)) co_return Status();
    async::Promise<void> granted;
    waiting_.emplace_back(bytes, granted);
    co_return co_await granted.wait();
  }

  void give_back(std::uint64_t bytes) {
    used_ -= bytes;
    while (!waiting_.empty() && fits(waiting_.front().first)) {
      used_ += waiting_.front().first;
      waiting_.front().second.set({});
      waiting_.pop_front();
    }
  }

  std::uint64_t used() const noexcept { return used_; }

 private:
  bool fits(std::uint64_t bytes) const { return used_ == 0 || (used_ <= limit_ && bytes <= limit_ - used_); }

  const std::uint64_t limit_;
  std::uint64_t used_ = 0;
  std::deque<std::pair<std::uint64_t, async::Promise<void>>> waiting_;
};

}  // namespace seekfs::publish
