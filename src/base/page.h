// A page's bytes in memory: written once by one owner, then immutable and shared by count.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace seekfs {

/// Who is told when a page's memory is given back; the memory budget implements it. Thread-safe; outlives its pages.
class PageMemory {
 public:
  virtual ~PageMemory() = default;
  virtual void release(std::size_t bytes) noexcept = 0;
};

/// Shared, immutable page bytes. Copying costs one atomic increment. Empty by default. Whoever holds one may send it.
class PageRef {
 public:
  PageRef() = default;
  PageRef(const PageRef& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  PageRef(PageRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  PageRef& operator=(PageRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~PageRef() { reset(); }

  void reset() noexcept;
  explicit operator bool() const noexcept { return block_ != nullptr; }
  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->size; }
  /// Whether nobody else holds the bytes just now: dropping this one would free them.
  bool is_only_holder() const noexcept {
    return block_ != nullptr && block_->references.load(std::memory_order_acquire) == 1;
  }
  std::span<const std::byte> bytes() const noexcept {
    return block_ == nullptr ? std::span<const std::byte>{} : std::span<const std::byte>(block_->data(), block_->size);
  }

 private:
  friend class MutablePage;
  struct Block {
    std::atomic<std::uint32_t> references{1};
    std::uint32_t size = 0;
    PageMemory* memory = nullptr;
    std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  };
  Block* block_ = nullptr;
};

/// A page under construction: one owner, writable. seal() turns it into a PageRef without a copy.
class MutablePage {
 public:
  MutablePage() = default;
  MutablePage(MutablePage&&) noexcept = default;
  MutablePage& operator=(MutablePage&&) noexcept = default;

  /// Allocates `size` bytes, uninitialised. `memory` (may be null) gets release(charge(size)) once when the bytes are
  /// freed; the caller has reserved them there before. Empty when the allocation fails; then nothing is released.
  static MutablePage allocate(std::uint32_t size, PageMemory* memory);

  /// What a page of `size` bytes costs: its bytes and its header.
  static constexpr std::size_t charge(std::uint32_t size) noexcept { return size + sizeof(PageRef::Block); }

  explicit operator bool() const noexcept { return static_cast<bool>(page_); }
  std::size_t size() const noexcept { return page_.size(); }
  std::span<std::byte> bytes() noexcept {
    return page_ ? std::span<std::byte>(page_.block_->data(), page_.block_->size) : std::span<std::byte>{};
  }
  PageRef seal() && noexcept { return std::move(page_); }

 private:
  PageRef page_;
};

/// A part of a page: what one reply sends of it.
struct PageSlice {
  PageRef page;
  std::uint32_t begin = 0;
  std::uint32_t length = 0;

  std::span<const std::byte> bytes() const noexcept { return page.bytes().subspan(begin, length); }
};

}  // namespace seekfs
