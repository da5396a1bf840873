// The queues of one shard.
#include "cache/s3_fifo.h"

#include <algorithm>
#include <new>
#include <utility>

namespace seekfs::cache {

using manifest::PageKey;

std::uint32_t S3Fifo::find(const PageKey& key, std::uint32_t fingerprint) const noexcept {
  return index_.find(fingerprint, [&](std::uint32_t slot) { return node(slot).is(key); });
}

PageRef S3Fifo::get(const PageKey& key, std::uint32_t fingerprint) noexcept {
  const std::uint32_t slot = find(key, fingerprint);
  if (slot == SlotIndex::nothing) return {};
  Node& found = node(slot);
  if (found.uses < max_uses) ++found.uses;
  return found.page;
}

bool S3Fifo::contains(const PageKey& key, std::uint32_t fingerprint) const noexcept {
  return find(key, fingerprint) != SlotIndex::nothing;
}

std::size_t S3Fifo::ghost_limit() const noexcept {
  // As many as the main queue holds; a few more while that is nearly empty, else nothing would ever get in.
  return std::max<std::size_t>(main_.count, 16);
}

std::uint32_t S3Fifo::take_free_slot() {
  if (free_ != none) {
    const std::uint32_t slot = free_;
    free_ = node(slot).newer;
    return slot;
  }
  if (slots_used_ == none) throw std::bad_alloc();
  if (slots_used_ == chunks_.size() * chunk_size) chunks_.push_back(std::make_unique<Node[]>(chunk_size));
  return slots_used_++;
}

void S3Fifo::push(std::uint32_t slot, bool to_main) noexcept {
  Node& entry = node(slot);
  entry.in_main = to_main ? 1 : 0;
  Queue& queue = queue_of(entry);
  entry.newer = none;
  entry.older = queue.newest & none;
  if (queue.newest != none) {
    node(queue.newest).newer = slot & none;
  } else {
    queue.oldest = slot;
  }
  queue.newest = slot;
  ++queue.count;
  queue.bytes += charge_of(entry);
}

void S3Fifo::unlink(std::uint32_t slot) noexcept {
  const Node& entry = node(slot);
  Queue& queue = queue_of(entry);
  if (entry.newer == none) {
    queue.newest = entry.older;
  } else {
    node(entry.newer).older = entry.older;
  }
  if (entry.older == none) {
    queue.oldest = entry.newer;
  } else {
    node(entry.older).newer = entry.newer;
  }
  --queue.count;
  queue.bytes -= charge_of(entry);
}

PageRef S3Fifo::drop(std::uint32_t slot, std::uint32_t fingerprint) noexcept {
  unlink(slot);
  index_.erase(fingerprint, slot);
  Node& entry = node(slot);
  PageRef page = std::move(entry.page);
  entry.newer = free_ & none;
  free_ = slot;
  return page;
}

void S3Fifo::insert(const PageKey& key, std::uint32_t fingerprint, PageRef page) {
  const bool seen_lately = ghost_.take(fingerprint, ghost_limit());
  const std::uint32_t slot = take_free_slot();
  Node& entry = node(slot);
  entry.file = key.file;
  entry.off = key.off;
  entry.page_id = key.page_id;
  entry.len = key.len;
  entry.page = std::move(page);
  entry.uses = 0;
  index_.insert(fingerprint, slot);
  push(slot, seen_lately);
}

PageRef S3Fifo::remove(const PageKey& key, std::uint32_t fingerprint) noexcept {
  const std::uint32_t slot = find(key, fingerprint);
  return slot == SlotIndex::nothing ? PageRef() : drop(slot, fingerprint);
}

PageRef S3Fifo::evict(int steps, bool force) {
  for (int step = 0; pages() != 0 && (force || step < steps); ++step) {
    const bool from_small = small_.count != 0 && (main_.count == 0 || small_.bytes * small_share >= bytes());
    const std::uint32_t slot = from_small ? small_.oldest : main_.oldest;
    Node& entry = node(slot);
    const bool goes = entry.uses < (from_small ? uses_for_main : 1) || (force && step >= steps);
    if (goes) {
      const std::uint32_t fingerprint = fingerprint_of({entry.file, entry.page_id, entry.off, entry.len});
      if (from_small) ghost_.add(fingerprint, ghost_limit());
      return drop(slot, fingerprint);
    }
    entry.uses = from_small ? 0 : (entry.uses - 1U) & max_uses;
    unlink(slot);
    push(slot, true);
  }
  return {};
}

std::size_t S3Fifo::memory() const noexcept {
  return index_.memory() + ghost_.memory() + chunks_.size() * chunk_size * sizeof(Node) +
         chunks_.capacity() * sizeof(chunks_[0]);
}

}  // namespace seekfs::cache
