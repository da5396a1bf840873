// How many requests may be in flight, by what the origin answers.
#pragma once

#include <cstdint>

namespace seekfs::objectstore {

/// TCP's congestion window (RFC 5681) in requests: throttling shrinks it; answers let it grow, by one an answer below
/// the size at which it was last throttled (slow start), by one a window's worth of answers above. As TCP's window it
/// grows only while it is in use, and shrinks once for all that was under way when it shrank (RFC 6582 calls that a
/// recovery). Not thread-safe.
class AdaptiveLimit {
 public:
  explicit AdaptiveLimit(std::uint64_t max);

  std::uint64_t limit() const { return static_cast<std::uint64_t>(size_); }

  /// One of each for every answer. `unanswered` counts the requests at the origin without the one that this is about,
  /// `in_flight` all that hold a permit.
  void succeeded(std::uint64_t in_flight);
  void failed() { answered(); }
  /// True: the limit shrank. False: this belongs to the moment for which it has shrunk already.
  bool throttled(std::uint64_t unanswered, std::uint64_t in_flight);

  /// Some of the requests under way ended without an answer.
  void unanswered_at_most(std::uint64_t unanswered);
  /// The origin is back: from a few requests more than still hang there up by slow start.
  void restart(std::uint64_t in_flight);

 private:
  /// True: it was sent before the last decrease.
  bool answered();

  const double max_;
  double size_;
  double slow_start_below_;
  std::uint64_t older_ = 0;      ///< requests that were sent before the last decrease and are not answered yet
  bool succeeded_since_ = true;  ///< since the last decrease
};

}  // namespace seekfs::objectstore
