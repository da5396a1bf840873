// Memory for reads that may come too late for whoever asked: used again, since fresh memory costs a fault for each 4
// KiB.
#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace seekfs::segmentstore {

/// Thread-safe. Keeps at most `kept` buffers, none larger than max_kept_size.
class ReadBuffers {
 public:
  static constexpr std::size_t max_kept_size = std::size_t{16} << 20U;

  class Buffer {
   public:
    Buffer() = default;
    std::span<std::byte> bytes(std::size_t length) const noexcept { return {memory_.get(), length}; }
    explicit operator bool() const noexcept { return memory_ != nullptr; }

   private:
    friend class ReadBuffers;
    std::unique_ptr<std::byte[]> memory_;
    std::size_t size_ = 0;
  };

  explicit ReadBuffers(std::size_t kept) : kept_(kept) {}

  /// Of at least `length` bytes, uninitialised; empty when there is no memory.
  Buffer take(std::size_t length) {
    {
      MutexLock lock(mutex_);
      for (Buffer& free : free_) {
        if (free.size_ < length) continue;
        std::swap(free, free_.back());
        Buffer taken = std::move(free_.back());
        free_.pop_back();
        return taken;
      }
    }
    Buffer fresh;
    fresh.size_ = std::bit_ceil(length);
    fresh.memory_.reset(new (std::nothrow) std::byte[fresh.size_]);
    return fresh;
  }

  void give_back(Buffer buffer) {
    Buffer dropped;  // freed after the lock
    MutexLock lock(mutex_);
    if (buffer.size_ > max_kept_size || kept_ == 0) {
      dropped = std::move(buffer);
      return;
    }
    if (free_.size() == kept_) {
      dropped = std::move(free_.front());
      free_.erase(free_.begin());
    }
    free_.push_back(std::move(buffer));
  }

 private:
  const std::size_t kept_;
  Mutex mutex_;
  std::vector<Buffer> free_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::segmentstore
