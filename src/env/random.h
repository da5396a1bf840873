// Randomness as an interface, so that a test can replay a seed.
#pragma once

#include <cstdint>
#include <memory>

namespace seekfs::env {

class Random {
 public:
  virtual ~Random() = default;
  /// 64 random bits. Thread-safe.
  virtual std::uint64_t next() = 0;
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
};

/// Seeded by the operating system.
std::unique_ptr<Random> make_system_random();
/// The same sequence for the same seed.
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed);

}  // namespace seekfs::env
