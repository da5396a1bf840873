// How densely each region of the objects was asked for lately: where readers are dense, the pages between theirs are
// likely to be next.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "env/clock.h"

namespace seekfs::fetch {

/// A table of fixed size: regions whose hashes share a slot push each other out, which costs an estimate. What was
/// asked for counts half as much after each half-life. Not thread-safe: its owner guards it.
class RecentDemand {
 public:
  static constexpr std::uint64_t region_bytes = 4U << 20U;
  static constexpr env::Duration half_life = std::chrono::seconds(30);

  /// A page on demand that no cache had.
  void note(std::string_view object, std::uint64_t off, std::uint32_t len, env::TimePoint now);
  /// The share of the bytes of the region around `off` that was asked for, 0 to 1.
  double density(std::string_view object, std::uint64_t off, env::TimePoint now) const;

 private:
  static constexpr std::size_t slots = 4096;
  struct Slot {
    std::uint64_t region = 0;  ///< its hash
    double bytes = 0;          ///< at `since`
    env::TimePoint since;
  };
  static double faded(const Slot& slot, env::TimePoint now);

  std::array<Slot, slots> table_{};
};

}  // namespace seekfs::fetch
