// Deadlines on env's clock: functions called once a point in time has come. The only timers of the program, so that
// virtual time reaches every wait.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "env/clock.h"

namespace seekfs::async {

/// Thread-safe. Functions run on the clock's thread and must not block: they post.
class Timers {
 public:
  using Id = std::uint64_t;

  /// `clock` must outlive this object.
  explicit Timers(env::Clock& clock);
  /// No function runs after the destructor has returned; those that are pending are dropped.
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  Id schedule(env::TimePoint when, std::move_only_function<void()> ring);
  /// False when it has run, is running or was cancelled before.
  bool cancel(Id id);
  env::Clock& clock() const noexcept { return clock_; }
  std::size_t pending() const;

 private:
  struct State;
  env::Clock& clock_;
  std::shared_ptr<State> state_;
  std::unique_ptr<env::Alarm> alarm_;
};

}  // namespace seekfs::async
