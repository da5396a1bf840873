// How long the sources of credentials are left alone after a round that gave nothing usable.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "env/clock.h"

namespace seekfs::objectstore::s3 {

/// Doubles from one failure to the next, with jitter, so that the nodes of a cluster do not ask a service that comes
/// back all at once. A value; guarded by its owner.
class CredentialsPause {
 public:
  static constexpr std::chrono::milliseconds first{1000};
  static constexpr std::chrono::milliseconds longest{30'000};

  /// A round failed at `now`. `random` is uniform in [0, 2^64): the pause is between half of the step and all of it.
  void failed(env::TimePoint now, std::uint64_t random) {
    const auto half = step_ / 2;
    until_ = now + half + std::chrono::milliseconds(random % (static_cast<std::uint64_t>(half.count()) + 1));
    step_ = std::min(step_ * 2, longest);
  }
  void succeeded() { *this = {}; }
  bool holds(env::TimePoint now) const { return until_ && now < *until_; }

 private:
  std::chrono::milliseconds step_ = first;
  std::optional<env::TimePoint> until_;
};

}  // namespace seekfs::objectstore::s3
