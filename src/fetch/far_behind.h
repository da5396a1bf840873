// When a page that is on its way in a GET is so far behind that a reader does better with a GET of its own. Pure.
#pragma once

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

/// How far a GET has come: written by its sink, read by readers who join one of its pages. Thread-safe.
class GetProgress {
 public:
  explicit GetProgress(const env::Clock& clock) : clock_(clock) {}

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
