// Random numbers: from the kernel, or a sequence that a seed repeats.
#include "env/random.h"

#include <sys/random.h>

#include <atomic>
#include <cerrno>
#include <exception>

namespace seekfs::env {
namespace {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::uint64_t value = 0;
    // Up to 256 bytes come whole once the kernel's pool is ready; only the wait for that can be interrupted.
    while (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
      if (errno != EINTR) std::terminate();  // a kernel without getrandom: nothing here could be trusted
    }
    return value;
  }
};

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): its state is a plain sum, so
/// one atomic addition makes it thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t mixed = state_.fetch_add(golden_gamma, std::memory_order_relaxed) + golden_gamma;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
  }

 private:
  static constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15;
  std::atomic<std::uint64_t> state_;
};

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
  // Values under 2^64 mod bound are drawn again: without them every remainder is equally likely.
  const std::uint64_t uneven = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next();
    if (value >= uneven) return value % bound;
  }
}

std::unique_ptr<Random> make_system_random() { return std::make_unique<SystemRandom>(); }
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed) { return std::make_unique<SeededRandom>(seed); }

}  // namespace seekfs::env
