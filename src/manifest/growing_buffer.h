// An array that grows at its end, for many plain values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace seekfs::manifest {

/// std::vector doubles and copies; this grows by a quarter with realloc, which moves large blocks by page tables
/// (mremap) instead of copying, so a manifest that is being loaded never needs twice its memory.
template <class T>
  requires std::is_trivially_copyable_v<T>
class GrowingBuffer {
 public:
  GrowingBuffer() = default;
  GrowingBuffer(GrowingBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GrowingBuffer& operator=(GrowingBuffer other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~GrowingBuffer() { std::free(data_); }

  std::size_t size() const noexcept { return size_; }
  std::size_t memory_bytes() const noexcept { return capacity_ * sizeof(T); }
  std::span<T> items() noexcept { return {data_, size_}; }
  std::span<const T> items() const noexcept { return {data_, size_}; }
  const T& operator[](std::size_t at) const noexcept { return data_[at]; }

  void push_back(const T& value) { append(std::span(&value, 1)); }
  /// `values` lie outside this buffer.
  void append(std::span<const T> values) {
    if (values.empty()) return;
    if (values.size() > capacity_ - size_) grow_to(std::max(size_ + values.size(), size_ + size_ / 4));
    std::memcpy(static_cast<void*>(data_ + size_), values.data(), values.size_bytes());
    size_ += values.size();
  }
  void shrink_to_fit() {
    if (size_ != 0 && size_ != capacity_) grow_to(size_);
  }

 private:
  void grow_to(std::size_t capacity) {
    void* moved = std::realloc(static_cast<void*>(data_), capacity * sizeof(T));
    if (moved == nullptr) throw std::bad_alloc();
    data_ = static_cast<T*>(moved);
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace seekfs::manifest
