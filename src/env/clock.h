// Time as an interface, so that a test can run a day in a second. Nothing else in the program asks the system for time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace seekfs::env {

/// A point on the monotonic clock; deadlines are of this type.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Calls a function once the clock has reached a point. Owned by one thread; the function runs on any thread.
class Alarm {
 public:
  virtual ~Alarm() = default;  ///< cancels; when it returns, the function does not run and will not run
  /// Replaces what was set before. A point that has passed fires at once, from the clock's thread.
  virtual void set(TimePoint when) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic time. Thread-safe.
  virtual TimePoint now() const = 0;
  /// Wall-clock time, UTC. Thread-safe.
  virtual std::chrono::system_clock::time_point wall_now() const = 0;
  /// Thread-safe. `ring` must not block.
  virtual std::unique_ptr<Alarm> make_alarm(std::function<void()> ring) = 0;
};

/// The machine's clocks. One thread serves all alarms.
std::unique_ptr<Clock> make_system_clock();

/// A clock that stands still until it is told to move. advance() rings due alarms on the caller's thread, in order.
class ManualClock final : public Clock {
 public:
  ManualClock();
  ~ManualClock() override;
  TimePoint now() const override;
  std::chrono::system_clock::time_point wall_now() const override;
  std::unique_ptr<Alarm> make_alarm(std::function<void()> ring) override;
  void advance(Duration by);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace seekfs::env
