// One shard of L1: an index of pages and S3-FIFO's queues (Yang et al., "FIFO queues are all you need for cache
// eviction", SOSP 2023, algorithm 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/page.h"
#include "cache/ghost_queue.h"
#include "cache/slot_index.h"
#include "manifest/page_key.h"

namespace seekfs::cache {

/// New pages enter the small queue. At its end, a page that was used at least twice goes on to the main queue, any
/// other leaves and its fingerprint is remembered; who comes back while remembered enters the main queue at once. The
/// end of the main queue goes round again as often as it was used (at most 3 times). Not thread-safe: the shard's mutex
/// is held. Pages that leave are given to the caller, who lets go of them after that mutex.
class S3Fifo {
 public:
  PageRef get(const manifest::PageKey& key, std::uint32_t fingerprint) noexcept;
  bool contains(const manifest::PageKey& key, std::uint32_t fingerprint) const noexcept;
  /// The key must not be here.
  void insert(const manifest::PageKey& key, std::uint32_t fingerprint, PageRef page);
  /// The page, or an empty PageRef when it is not here.
  PageRef remove(const manifest::PageKey& key, std::uint32_t fingerprint) noexcept;

  /// Looks at up to `steps` pages, each of which loses some of its standing, for one to evict. Empty when none was
  /// found; with `force` only when there is no page at all.
  PageRef evict(int steps, bool force);

  std::size_t pages() const noexcept { return index_.size(); }
  std::uint64_t bytes() const noexcept { return small_.bytes + main_.bytes; }
  std::size_t memory() const noexcept;

 private:
  static constexpr std::uint32_t none = (1U << 30U) - 1;
  static constexpr std::uint32_t max_uses = 3;
  static constexpr std::uint32_t uses_for_main = 2;
  static constexpr std::uint64_t small_share = 10;  // the small queue's part of the bytes is one in so many
  static constexpr std::size_t chunk_size = 128;

  /// One cache line: a hit touches the index, this and the page.
  struct alignas(64) Node {
    manifest::FileKey file;
    std::uint64_t off = 0;
    std::uint32_t page_id = 0;
    std::uint32_t len = 0;
    PageRef page;
    std::uint32_t newer : 30 = none;
    std::uint32_t uses : 2 = 0;
    std::uint32_t older : 30 = none;
    std::uint32_t in_main : 1 = 0;

    bool is(const manifest::PageKey& key) const noexcept {
      return file == key.file && off == key.off && page_id == key.page_id && len == key.len;
    }
  };
  static_assert(sizeof(Node) == 64);

  struct Queue {
    std::uint32_t newest = none;
    std::uint32_t oldest = none;
    std::size_t count = 0;
    std::uint64_t bytes = 0;
  };

  Node& node(std::uint32_t slot) noexcept { return chunks_[slot / chunk_size][slot % chunk_size]; }
  const Node& node(std::uint32_t slot) const noexcept { return chunks_[slot / chunk_size][slot % chunk_size]; }
  static std::uint64_t charge_of(const Node& node) noexcept {
    return MutablePage::charge(static_cast<std::uint32_t>(node.page.size()));
  }
  Queue& queue_of(const Node& node) noexcept { return node.in_main != 0 ? main_ : small_; }
  std::uint32_t find(const manifest::PageKey& key, std::uint32_t fingerprint) const noexcept;
  std::uint32_t take_free_slot();
  void push(std::uint32_t slot, bool to_main) noexcept;
  void unlink(std::uint32_t slot) noexcept;
  PageRef drop(std::uint32_t slot, std::uint32_t fingerprint) noexcept;
  std::size_t ghost_limit() const noexcept;

  SlotIndex index_;
  GhostQueue ghost_;
  std::vector<std::unique_ptr<Node[]>> chunks_;
  std::uint32_t free_ = none;  // chained by `newer`
  std::uint32_t slots_used_ = 0;
  Queue small_;
  Queue main_;
};

/// The fingerprint of a key within its shard.
inline std::uint32_t fingerprint_of(const manifest::PageKey& key) noexcept {
  return static_cast<std::uint32_t>(manifest::mix(key));
}

}  // namespace seekfs::cache
