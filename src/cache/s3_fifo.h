// One shard of L1: an index of pages, and for each namespace S3-FIFO's queues (Yang et al., "FIFO queues are all you
// need for cache eviction", SOSP 2023, algorithm 1) and one of prefetched pages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/page.h"
#include "cache/ghost_queue.h"
#include "cache/page_cause.h"
#include "cache/slot_index.h"
#include "cache/tenants.h"
#include "manifest/page_key.h"

namespace seekfs::cache {

/// A page that has left, for the caller to let go of after the shard's mutex; empty when there was none.
struct DepartedPage {
  PageRef page;
  TenantId tenant = 0;
  std::optional<PageCause> unused;  ///< set when it was fetched ahead of readers and none came: why it was fetched
};

/// New pages enter the small queue. At its end, a page that was used at least twice goes on to the main queue, any
/// other leaves and its fingerprint is remembered; who comes back while remembered enters the main queue at once. The
/// end of the main queue goes round again as often as it was used (at most 3 times).
/// A prefetched page waits in a queue of its own, and is a new page of the small queue at its first use. It leaves
/// unused when such pages are more than half of what its namespace holds here, or when it is as old as one turnover of
/// the shard. Not thread-safe: the shard's mutex is held.
class S3Fifo {
 public:
  struct Hit {
    PageRef page;  ///< empty: a miss
    TenantId tenant = 0;
    std::optional<PageCause> first_use;  ///< set at the first hit of a page that nobody had asked for: why it was here
  };
  Hit get(const manifest::PageKey& key, std::uint32_t fingerprint) noexcept;
  bool contains(const manifest::PageKey& key, std::uint32_t fingerprint) const noexcept;
  /// The key must not be here.
  void insert(const manifest::PageKey& key, std::uint32_t fingerprint, PageRef page, TenantId tenant, PageCause cause);
  DepartedPage remove(const manifest::PageKey& key, std::uint32_t fingerprint) noexcept;

  /// Looks at up to `steps` pages of a namespace, each of which loses some of its standing, for one to evict. Empty
  /// when none was found; with `force` only when it has no page here at all.
  DepartedPage evict(TenantId tenant, int steps, bool force);
  bool holds(TenantId tenant) const noexcept { return tenant < tenants_.size() && tenants_[tenant].bytes() != 0; }

  std::size_t pages() const noexcept { return index_.size(); }
  std::uint64_t bytes() const noexcept;
  std::size_t memory() const noexcept;

 private:
  static constexpr std::uint32_t none = (1U << 24U) - 1;
  static constexpr std::uint32_t max_uses = 3;
  static constexpr std::uint32_t uses_for_main = 2;
  static constexpr std::uint64_t small_share = 10;  // the small queue's part of the bytes is one in so many
  static constexpr std::size_t chunk_size = 128;
  // The age of a prefetched page is counted in generations, each a quarter of a turnover.
  static constexpr std::uint32_t generations_a_turnover = 4;
  static constexpr std::uint32_t generation_mask = 15;

  enum Place : std::uint8_t { in_small, in_main, in_ahead, places };

  /// One cache line: a hit touches the index, this and the page.
  struct alignas(64) Node {
    manifest::FileKey file;
    std::uint64_t off = 0;
    std::uint32_t page_id = 0;
    std::uint32_t len = 0;
    PageRef page;
    std::uint32_t newer : 24 = none;
    std::uint32_t tenant : 6 = 0;
    std::uint32_t cause : 2 = 0;  // a PageCause
    std::uint32_t older : 24 = none;
    std::uint32_t uses : 2 = 0;
    std::uint32_t place : 2 = in_small;
    std::uint32_t generation : 4 = 0;  // when it was prefetched

    bool is(const manifest::PageKey& key) const noexcept {
      // By words: what std::array offers for std::byte goes byte by byte.
      return std::memcmp(file.bytes.data(), key.file.bytes.data(), file.bytes.size()) == 0 && off == key.off &&
             page_id == key.page_id && len == key.len;
    }
  };
  static_assert(sizeof(Node) == 64);

  struct Queue {
    std::uint32_t newest = none;
    std::uint32_t oldest = none;
    std::size_t count = 0;
    std::uint64_t bytes = 0;
  };
  /// What one namespace has here.
  struct Queues {
    std::array<Queue, places> at;
    std::uint64_t bytes() const noexcept { return at[in_small].bytes + at[in_main].bytes + at[in_ahead].bytes; }
  };

  Node& node(std::uint32_t slot) noexcept { return chunks_[slot / chunk_size][slot % chunk_size]; }
  const Node& node(std::uint32_t slot) const noexcept { return chunks_[slot / chunk_size][slot % chunk_size]; }
  static std::uint64_t charge_of(const Node& node) noexcept {
    return MutablePage::charge(static_cast<std::uint32_t>(node.page.size()));
  }
  Queue& queue_of(const Node& node) noexcept { return tenants_[node.tenant].at[node.place]; }
  std::uint32_t find(const manifest::PageKey& key, std::uint32_t fingerprint) const noexcept;
  std::uint32_t take_free_slot();
  void push(std::uint32_t slot, Place place) noexcept;
  void unlink(std::uint32_t slot) noexcept;
  DepartedPage drop(std::uint32_t slot, std::uint32_t fingerprint) noexcept;
  Place next_to_give(const Queues& queues) const noexcept;
  void count_eviction() noexcept;
  std::size_t ghost_limit() const noexcept;

  SlotIndex index_;
  GhostQueue ghost_;
  std::vector<std::unique_ptr<Node[]>> chunks_;
  std::uint32_t free_ = none;  // chained by `newer`
  std::uint32_t slots_used_ = 0;
  std::vector<Queues> tenants_;  // by id
  std::size_t main_pages_ = 0;
  std::size_t evicted_in_generation_ = 0;
  std::uint32_t generation_ = 0;
};

/// The fingerprint of a key within its shard.
inline std::uint32_t fingerprint_of(const manifest::PageKey& key) noexcept {
  return static_cast<std::uint32_t>(manifest::mix(key));
}

}  // namespace seekfs::cache
