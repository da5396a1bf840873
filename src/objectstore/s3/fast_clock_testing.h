// The machine's clock, run faster: pauses of a minute between tries take a moment. For tests whose requests go to a
// server and back, so that a clock moved by hand would not do.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "env/clock.h"

namespace seekfs::objectstore::s3 {

/// Wall-clock time stays the machine's: signatures are checked by it. Thread-safe.
class FastClock final : public env::Clock {
 public:
  explicit FastClock(int times) : times_(times) {}

  env::TimePoint now() const override { return start_ + (machine_->now() - start_) * times_; }
  std::chrono::system_clock::time_point wall_now() const override { return machine_->wall_now(); }
  std::unique_ptr<env::Alarm> make_alarm(std::function<void()> ring) override {
    return std::make_unique<FastAlarm>(*this, machine_->make_alarm(std::move(ring)));
  }

 private:
  class FastAlarm final : public env::Alarm {
   public:
    FastAlarm(const FastClock& clock, std::unique_ptr<env::Alarm> machine)
        : clock_(clock), machine_(std::move(machine)) {}
    void set(env::TimePoint when) override { machine_->set(clock_.on_machine(when)); }

   private:
    const FastClock& clock_;
    std::unique_ptr<env::Alarm> machine_;
  };

  /// One tick later: an alarm must not come before its point.
  env::TimePoint on_machine(env::TimePoint when) const { return start_ + (when - start_) / times_ + env::Duration(1); }

  const int times_;
  const std::unique_ptr<env::Clock> machine_ = env::make_system_clock();
  const env::TimePoint start_ = machine_->now();
};

}  // namespace seekfs::objectstore::s3
