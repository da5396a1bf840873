// Memory of the budget that a request holds, given back at the end of a scope.
#pragma once

#include <cstdint>
#include <utility>

#include "cache/memory_budget.h"

namespace seekfs::http {

/// Bytes of MemoryUse::replies. Moves; owns.
class Reservation {
 public:
  /// Waits its turn until `deadline`; errors as MemoryBudget::reserve. The caller holds nothing of the budget.
  static async::Task<Reservation> acquire(cache::MemoryBudget& memory, std::uint64_t bytes, env::TimePoint deadline) {
    SEEKFS_CO_TRY(co_await memory.reserve(cache::MemoryUse::replies, bytes, deadline));
    co_return Reservation(memory, bytes);
  }

  Reservation(Reservation&& other) noexcept : memory_(other.memory_), bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() {
    if (bytes_ > 0) memory_->release(cache::MemoryUse::replies, bytes_);
  }

 private:
  Reservation(cache::MemoryBudget& memory, std::uint64_t bytes) noexcept : memory_(&memory), bytes_(bytes) {}

  cache::MemoryBudget* memory_;
  std::uint64_t bytes_;
};

}  // namespace seekfs::http
