// Where a page's bytes come from, in order of cost.
#include "segmentstore/disk_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/promise.h"

namespace seekfs::segmentstore {
namespace {

using manifest::PageKey;

/// A sector that can't be read stays so; forgotten, its page is fetched again and written elsewhere.
void forget_unreadable(SegmentStore& store, const PageKey& key, const Error& error) {
  if (error.code == ErrorCode::transient) store.remove(key);
}

}  // namespace

/// Where a read goes for as long as somebody waits for it.
struct DiskReader::PendingRead {
  explicit PendingRead(std::span<std::byte> wanted) : out(wanted) {}

  bool wanted() {
    MutexLock lock(mutex);
    return !abandoned;
  }
  /// False when nobody waits any more: then `out` may be gone.
  bool deliver(std::span<const std::byte> bytes) {
    MutexLock lock(mutex);
    if (abandoned) return false;
    std::ranges::copy(bytes, out.begin());
    delivered = true;
    return true;
  }
  /// `out` is not touched after this; whether it was filled before.
  bool abandon() {
    MutexLock lock(mutex);
    abandoned = true;
    return delivered;
  }

  Mutex mutex;
  const std::span<std::byte> out;
  bool abandoned SEEKFS_GUARDED_BY(mutex) = false;
  bool delivered SEEKFS_GUARDED_BY(mutex) = false;
};

DiskReader::DiskReader(DiskShared& shared)
    : shared_(shared), buffers_(shared.options.read_threads), pool_("l2-read", shared.options.read_threads) {}

bool DiskReader::may_contain(const PageKey& key, const l2::PageFacts& facts) const {
  const WriteQueue::Found queued = shared_.queue.find(key);
  if (queued.page) return true;
  const std::shared_ptr<SegmentStore> store = shared_.slot->get();
  if (!store) return false;
  return (!queued.removed && store->may_contain(key)) || shared_.legacy.find(key, facts).has_value();
}

async::Task<bool> DiskReader::get(PageKey key, l2::PageFacts facts, std::span<std::byte> out) {
  // The queue first: a page that leaves it meanwhile is in the store by then.
  const WriteQueue::Found queued = shared_.queue.find(key);
  if (queued.page && queued.page.size() == out.size()) {
    std::ranges::copy(queued.page.bytes(), out.begin());
    co_return true;
  }
  std::shared_ptr<SegmentStore> store = shared_.slot->get();
  if (!store || queued.removed) co_return false;
  Wanted wanted{.key = key, .crc32c = facts.crc32c, .tenant = tenant_of(facts.ns), .legacy = {}};
  const Result<ReadOutcome> tried = store->try_read(key, facts.crc32c, out);
  if (!tried) {
    forget_unreadable(*store, key, tried.error());
    shared_.report(DiskOp::read, tried.error());
    co_return std::unexpected(tried.error());
  }
  // What the page cache answers says nothing about the disk, so it does not count as its success.
  if (*tried == ReadOutcome::hit) co_return true;
  wanted.legacy = shared_.legacy.find(key, facts);
  if (*tried == ReadOutcome::miss && !wanted.legacy) co_return false;
  co_return co_await get_on_pool(std::move(store), wanted, out);
}

async::Task<bool> DiskReader::get_on_pool(std::shared_ptr<SegmentStore> store, Wanted wanted,
                                          std::span<std::byte> out) {
  const env::TimePoint deadline = shared_.now() + shared_.options.read_deadline;
  const auto pending = std::make_shared<PendingRead>(out);
  const async::Promise<bool> done;
  pool_.post([this, pending, done, wanted, store = std::move(store)]() mutable {
    Result<bool> result = false;
    if (pending->wanted()) result = read_stored(*store, wanted, *pending);
    if (result && !*result && wanted.legacy && pending->wanted()) result = read_legacy(wanted, *pending);
    store.reset();
    done.set(std::move(result));
  });
  Result<bool> result =
      co_await done.wait_until(shared_.parts.timers, deadline, fmt::format("a read of a page in {}", shared_.path()));
  if (pending->abandon()) co_return true;
  if (!result) shared_.report(DiskOp::read, result.error());
  co_return result;
}

Result<bool> DiskReader::read_stored(SegmentStore& store, const Wanted& wanted, PendingRead& pending) {
  ReadBuffers::Buffer buffer = buffers_.take(wanted.key.len);
  if (!buffer) return fail(ErrorCode::exhausted, "no memory for reading a page of " + shared_.path());
  const std::span<std::byte> bytes = buffer.bytes(wanted.key.len);
  Result<bool> read = store.read(wanted.key, wanted.crc32c, bytes);
  if (!read) forget_unreadable(store, wanted.key, read.error());
  if (read && *read && pending.deliver(bytes)) shared_.health.succeeded(DiskOp::read);
  buffers_.give_back(std::move(buffer));
  return read;
}

Result<bool> DiskReader::read_legacy(const Wanted& wanted, PendingRead& pending) {
  MutablePage page = MutablePage::allocate(wanted.key.len, nullptr);
  if (!page) return fail(ErrorCode::exhausted, "no memory for reading a page of " + shared_.path());
  SEEKFS_ASSIGN(const bool read, shared_.legacy.read(*wanted.legacy, wanted.crc32c, page.bytes()));
  if (!read) return false;
  if (pending.deliver(page.bytes())) shared_.health.succeeded(DiskOp::read);
  // A full queue: it stays where it is until it is read again.
  const auto answer =
      shared_.queue.offer({{wanted.key, wanted.crc32c, std::move(page).seal(), wanted.tenant}, wanted.legacy});
  if (answer == WriteQueue::Answer::taken) shared_.wake->ring();
  return true;
}

}  // namespace seekfs::segmentstore
