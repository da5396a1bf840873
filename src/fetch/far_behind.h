// When a page that is on its way in a GET is so far behind that a reader does better with a GET of its own. Pure.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "env/clock.h"

namespace seekfs::fetch {

/// What is known of a GET under way, pauses included: they say how the store and the link are doing.
struct GetPace {
  std::uint64_t received = 0;  ///< bytes, since the first one
  env::Duration elapsed{0};    ///< since the first byte
};

/// What a GET under way and the readers who join its pages tell each other: how far it has come, and which of its pages
/// they have joined. Thread-safe.
class GetProgress {
 public:
  /// `tail` is the GET's id in TailControl.
  explicit GetProgress(const env::Clock& clock, std::uint64_t tail = 0) : clock_(clock), tail_(tail) {}

  std::uint64_t tail() const noexcept { return tail_; }
  /// A reader is in the flight table as one who waits for page `index` of the GET.
  void reader_joined(std::uint32_t index) noexcept {
    std::uint32_t seen = joined_.load(std::memory_order_relaxed);
    // Written even if it stays the same: what the reader does next sees what the taker did before it took.
    while (!joined_.compare_exchange_weak(seen, std::max(seen, index + 1), std::memory_order_acq_rel)) {
    }
  }
  /// One past the last page that readers have joined since the last call; 0: none.
  std::uint32_t take_joined() noexcept { return joined_.exchange(0, std::memory_order_acq_rel); }

  void add(std::uint64_t bytes) noexcept {
    if (received_.load(std::memory_order_relaxed) == 0) {
      first_byte_.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
    }
    received_.fetch_add(bytes, std::memory_order_release);
  }
  GetPace pace() const noexcept {
    GetPace pace{.received = received_.load(std::memory_order_acquire)};
    const env::Duration first_byte(first_byte_.load(std::memory_order_relaxed));
    if (pace.received > 0) pace.elapsed = clock_.now() - env::TimePoint(first_byte);
    return pace;
  }

 private:
  const env::Clock& clock_;
  const std::uint64_t tail_;
  std::atomic<std::uint32_t> joined_{0};
  std::atomic<std::uint64_t> received_{0};
  std::atomic<env::Duration::rep> first_byte_{0};
};

/// Whether `bytes_before` (of the page itself and of what comes before it) take longer at this pace than a fresh GET,
/// whose page comes after `fresh`, by more than `margin`. False while too little has come to know the pace.
inline bool is_far_behind(std::uint64_t bytes_before, const GetPace& pace, env::Duration fresh,
                          env::Duration margin) noexcept {
  constexpr std::uint64_t known_after = 1U << 20U;
  if (pace.received < known_after) return false;
  const std::chrono::duration<double> left = std::chrono::duration<double>(pace.elapsed) *
                                             (static_cast<double>(bytes_before) / static_cast<double>(pace.received));
  return left > std::chrono::duration<double>(fresh) + std::chrono::duration<double>(margin);
}

}  // namespace seekfs::fetch
