// What the origin may be asked for: requests in flight and requests per second, given out in order of purpose. One
// class with one state, through which every request of the daemon passes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "async/task.h"
#include "async/timers.h"
#include "base/metrics.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// Thread-safe. Requests wait first come, first served within their purpose; purposes in the order manifest, demand,
/// hedge, publish, prefetch.
class OriginGate {
 public:
  struct Limits {
    std::uint64_t requests_per_second = 0;  ///< 0: no fixed rate. A burst of a tenth of a second's worth is let through
    std::uint64_t max_in_flight = 128;      ///< at least 1
  };

  /// `timers` and `metrics` outlive the gate; measures seekfs_origin_budget_wait_seconds.
  OriginGate(Limits limits, async::Timers& timers, MetricsRegistry& metrics);
  /// Everything still waiting is dropped without a call; no permit may be outstanding.
  ~OriginGate();

  /// The right to one request; given back by the destructor.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Permit() {
      if (gate_ != nullptr) gate_->give_back(false);
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }
    /// The request was not made after all: the rate budget gets its token back, too.
    void return_unused() {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->give_back(true);
    }

   private:
    friend class OriginGate;
    explicit Permit(OriginGate* gate) : gate_(gate) {}
    OriginGate* gate_ = nullptr;
  };
  using Grant = std::move_only_function<void(Permit)>;

  /// Calls `grant` once, as soon as the budgets allow: at once on this thread, or later on the thread that gave a
  /// permit back or on the clock's. `grant` must not block.
  void acquire(Purpose purpose, Grant grant);
  /// The same for coroutines; timeout at the deadline.
  async::Task<Permit> wait(Purpose purpose, env::TimePoint deadline);

  std::uint64_t in_flight() const;

 private:
  struct State;
  void give_back(bool unused);
  void pump();
  std::unique_ptr<State> state_;
};

/// Passes every operation of `inner` through `gate`. Both outlive it.
std::unique_ptr<ObjectStore> make_budgeted_store(ObjectStore& inner, OriginGate& gate);

}  // namespace seekfs::objectstore
