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

S3Fifo::Hit S3Fifo::get(const PageKey& key, std::uint32_t fingerprint) noexcept {
  const std::uint32_t slot = find(key, fingerprint);
  if (slot == SlotIndex::nothing) return {};
  Node& found = node(slot);
  const auto tenant = static_cast<TenantId>(found.tenant);
  if (found.place == in_ahead) {
    unlink(slot);
    push(slot, in_small);
    return {.page = found.page, .tenant = tenant, .first_use = static_cast<PageCause>(found.cause)};
  }
  if (found.uses < max_uses) ++found.uses;
  return {.page = found.page, .tenant = tenant, .first_use = {}};
}

bool S3Fifo::contains(const PageKey& key, std::uint32_t fingerprint) const noexcept {
  return find(key, fingerprint) != SlotIndex::nothing;
}

std::size_t S3Fifo::ghost_limit() const noexcept {
  // As many as the main queues hold; a few more while these are nearly empty, else nothing would ever get in.
  return std::max<std::size_t>(main_pages_, 16);
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

void S3Fifo::push(std::uint32_t slot, Place place) noexcept {
  Node& entry = node(slot);
  entry.place = place & 3U;
  if (place == in_main) ++main_pages_;
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
  if (entry.place == in_main) --main_pages_;
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

DepartedPage S3Fifo::drop(std::uint32_t slot, std::uint32_t fingerprint) noexcept {
  unlink(slot);
  index_.erase(fingerprint, slot);
  Node& entry = node(slot);
  DepartedPage departed{.page = std::move(entry.page), .tenant = static_cast<TenantId>(entry.tenant), .unused = {}};
  if (entry.place == in_ahead) departed.unused = static_cast<PageCause>(entry.cause);
  entry.newer = free_ & none;
  free_ = slot;
  return departed;
}

void S3Fifo::insert(const PageKey& key, std::uint32_t fingerprint, PageRef page, TenantId tenant, PageCause cause) {
  const bool seen_lately = ghost_.take(fingerprint, ghost_limit());
  if (tenant >= tenants_.size()) tenants_.resize(tenant + std::size_t{1});
  const std::uint32_t slot = take_free_slot();
  Node& entry = node(slot);
  entry.file = key.file;
  entry.off = key.off;
  entry.page_id = key.page_id;
  entry.len = key.len;
  entry.page = std::move(page);
  entry.uses = 0;
  entry.tenant = tenant & 63U;
  entry.cause = static_cast<std::uint32_t>(cause) & 3U;
  entry.generation = generation_ & generation_mask;
  index_.insert(fingerprint, slot);
  push(slot, cause != PageCause::demand ? in_ahead : seen_lately ? in_main : in_small);
}

DepartedPage S3Fifo::remove(const PageKey& key, std::uint32_t fingerprint) noexcept {
  const std::uint32_t slot = find(key, fingerprint);
  return slot == SlotIndex::nothing ? DepartedPage() : drop(slot, fingerprint);
}

S3Fifo::Place S3Fifo::next_to_give(const Queues& queues) const noexcept {
  const Queue& ahead = queues.at[in_ahead];
  if (ahead.count != 0) {
    const std::uint32_t age = (generation_ - node(ahead.oldest).generation) & generation_mask;
    if (ahead.bytes * 2 > queues.bytes() || age >= generations_a_turnover) return in_ahead;
  }
  const Queue& small = queues.at[in_small];
  const Queue& main = queues.at[in_main];
  const bool from_small =
      small.count != 0 && (main.count == 0 || small.bytes * small_share >= small.bytes + main.bytes);
  return from_small ? in_small : in_main;
}

DepartedPage S3Fifo::evict(TenantId tenant, int steps, bool force) {
  if (tenant >= tenants_.size()) return {};
  const Queues& queues = tenants_[tenant];
  for (int step = 0; queues.bytes() != 0 && (force || step < steps); ++step) {
    const Place from = next_to_give(queues);
    const std::uint32_t slot = queues.at[from].oldest;
    Node& entry = node(slot);
    const std::uint32_t uses_to_stay = from == in_small ? uses_for_main : 1;
    if (from == in_ahead || entry.uses < uses_to_stay || (force && step >= steps)) {
      const std::uint32_t fingerprint = fingerprint_of({entry.file, entry.page_id, entry.off, entry.len});
      if (from == in_small) ghost_.add(fingerprint, ghost_limit());
      count_eviction();
      return drop(slot, fingerprint);
    }
    entry.uses = from == in_small ? 0 : (entry.uses - 1U) & max_uses;
    unlink(slot);
    push(slot, in_main);
  }
  return {};
}

void S3Fifo::count_eviction() noexcept {
  if (++evicted_in_generation_ * generations_a_turnover < pages()) return;
  evicted_in_generation_ = 0;
  ++generation_;
}

std::uint64_t S3Fifo::bytes() const noexcept {
  std::uint64_t total = 0;
  for (const Queues& queues : tenants_) total += queues.bytes();
  return total;
}

std::size_t S3Fifo::memory() const noexcept {
  return index_.memory() + ghost_.memory() + chunks_.size() * chunk_size * sizeof(Node) +
         chunks_.capacity() * sizeof(chunks_[0]) + tenants_.capacity() * sizeof(Queues);
}

}  // namespace seekfs::cache
