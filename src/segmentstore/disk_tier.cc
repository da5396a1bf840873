// From calls of the tier to the parts of one directory.
#include "segmentstore/disk_tier.h"

#include <limits>
#include <utility>

namespace seekfs::segmentstore {

using manifest::PageKey;

DiskTier::DiskTier(const TierParts& parts, const TierOptions& options, StoreOptions disk, StoreOpener opener)
    : shared_(parts, options, std::move(disk)), reader_(shared_), writer_(shared_, std::move(opener)) {}

bool DiskTier::may_contain(const PageKey& key, const l2::PageFacts& facts) const {
  return reader_.may_contain(key, facts);
}

async::Task<bool> DiskTier::get(PageKey key, l2::PageFacts facts, std::span<std::byte> out) {
  return reader_.get(key, facts, out);
}

void DiskTier::put(const PageKey& key, const l2::PageFacts& facts, PageRef page) {
  if (!page || page.size() != key.len) return;
  if (!shared_.health.up()) return shared_.metrics.dropped(Drop::down);
  switch (shared_.queue.offer({{key, facts.crc32c, std::move(page), tenant_of(facts.ns)}, std::nullopt})) {
    case WriteQueue::Answer::taken: return shared_.wake->ring();
    case WriteQueue::Answer::known: return;
    case WriteQueue::Answer::full: return shared_.metrics.dropped(Drop::busy);
  }
}

void DiskTier::remove(const PageKey& key) {
  // The queue first: a page that leaves it meanwhile is in the store by then.
  shared_.queue.remove(key);
  const std::shared_ptr<SegmentStore> store = shared_.slot->get();
  if (!store) return;
  store->remove(key);
  shared_.pages_removed = true;
  shared_.wake->ring();
}

l2::DiskStatus DiskTier::status() const {
  const StoreStats stats = shared_.slot->stats();
  return {.path = shared_.path(),
          .up = shared_.health.up(),
          .detail = shared_.health.reason(),
          .pages = stats.pages,
          .live_bytes = stats.live_bytes,
          .segments = stats.segments,
          .segment_bytes = stats.segment_bytes,
          .disk_bytes = stats.disk_bytes,
          .capacity_bytes = shared_.store_options.capacity,
          .index_bytes = stats.index_bytes,
          .evicted_pages = stats.evicted_pages,
          .evicted_segments = stats.evicted_segments,
          .put_bytes = stats.put_bytes,
          .written_bytes = stats.written_bytes,
          .dropped_pages = shared_.metrics.dropped_pages(),
          .damaged_pages = stats.damaged_pages};
}

async::Task<l2::CheckReport> DiskTier::check() {
  return async::run_on<l2::CheckReport>(check_pool_, [this]() -> Result<l2::CheckReport> {
    const std::shared_ptr<SegmentStore> store = shared_.slot->get();
    if (!store) return std::unexpected(shared_.off_error());
    if (cancelled_) return fail(ErrorCode::cancelled, shared_.path() + " is being closed");
    Result<l2::CheckReport> report = store->check();
    if (!report && report.error().code != ErrorCode::cancelled) shared_.report(DiskOp::upkeep, report.error());
    return report;
  });
}

async::Task<void> DiskTier::compact() {
  const auto done = writer_.run<void>([this](SegmentStore& store) -> Status {
    if (cancelled_) return fail(ErrorCode::cancelled, shared_.path() + " is being closed");
    return store.compact();
  });
  co_return co_await done.wait();
}

void DiskTier::cancel_long_work() {
  cancelled_ = true;
  if (const std::shared_ptr<SegmentStore> store = shared_.slot->get()) store->cancel_long_work();
}

async::Task<void> DiskTier::drop_all() {
  const auto done = writer_.run<void>([this](SegmentStore& store) {
    shared_.queue.drop_waiting();
    shared_.legacy.remove_some(std::numeric_limits<std::uint64_t>::max());
    return store.drop_all();
  });
  co_return co_await done.wait();
}

}  // namespace seekfs::segmentstore
