// The fake's pages are a map; its rules of use are checked with every call.
#include "segmentstore/fake_store_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <tuple>

namespace seekfs::segmentstore {
namespace {

using manifest::PageKey;

/// Fails the test when two such scopes are there at once.
class Alone {
 public:
  explicit Alone(std::atomic<int>& inside) : inside_(inside) {
    EXPECT_EQ(inside_.fetch_add(1), 0) << "two calls at once that change the store";
  }
  ~Alone() { inside_.fetch_sub(1); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  std::atomic<int>& inside_;
};

}  // namespace

class FakeDisk::Store final : public SegmentStore {
 public:
  Store(FakeDisk& disk, std::uint64_t capacity) : disk_(disk), capacity_(capacity) {}
  ~Store() override {
    std::ignore = disk_.enter(FakeOp::destroy);
    MutexLock lock(disk_.mutex_);
    disk_.open_ = false;
    disk_.changed_.notify_all();
  }

  bool may_contain(const PageKey& key) const override { return disk_.holds(key); }

  Result<bool> read(const PageKey& key, std::uint32_t, std::span<std::byte> out) override {
    SEEKFS_TRY(disk_.enter(FakeOp::read));
    return copy(key, out);
  }

  Result<ReadOutcome> try_read(const PageKey& key, std::uint32_t, std::span<std::byte> out) override {
    {
      MutexLock lock(disk_.mutex_);
      if (!disk_.cached_ && disk_.pages_.contains(key)) return ReadOutcome::would_block;
    }
    return copy(key, out) ? ReadOutcome::hit : ReadOutcome::miss;
  }

  void remove(const PageKey& key) override {
    MutexLock lock(disk_.mutex_);
    disk_.pages_.erase(key);
  }

  std::vector<TenantBytes> tenants() const override {
    MutexLock lock(disk_.mutex_);
    return disk_.tenants_;
  }

  StoreStats stats() const override {
    MutexLock lock(disk_.mutex_);
    StoreStats stats{.pages = disk_.pages_.size(), .segments = 1, .capacity_bytes = capacity_, .put_bytes = put_bytes_};
    for (const auto& [key, bytes] : disk_.pages_) stats.live_bytes += bytes.size();
    stats.disk_bytes = stats.segment_bytes = stats.live_bytes;
    stats.written_bytes = put_bytes_;
    return stats;
  }

  Status append(std::span<const NewPage> pages) override {
    const Alone alone(inside_);
    SEEKFS_TRY(disk_.enter(FakeOp::append));
    EXPECT_FALSE(closed_);
    for (const NewPage& page : pages) put(page);
    disk_.note("append");
    MutexLock lock(disk_.mutex_);
    disk_.batches_.push_back(pages.size());
    return {};
  }

  Status checkpoint() override {
    const Alone alone(inside_);
    SEEKFS_TRY(disk_.enter(FakeOp::checkpoint));
    disk_.note("checkpoint");
    return {};
  }

  Result<Upkeep> upkeep(std::uint64_t max_bytes) override {
    const Alone alone(inside_);
    SEEKFS_TRY(disk_.enter(FakeOp::upkeep));
    MutexLock lock(disk_.mutex_);
    const std::uint64_t moved = std::min(max_bytes, disk_.upkeep_left_);
    disk_.upkeep_left_ -= moved;
    if (moved > 0) disk_.history_.emplace_back("upkeep");
    return Upkeep{.moved_bytes = moved, .more = disk_.upkeep_left_ > 0};
  }

  Status compact() override { return change("compact"); }

  Status drop_all() override {
    SEEKFS_TRY(change("drop_all"));
    MutexLock lock(disk_.mutex_);
    disk_.pages_.clear();
    return {};
  }

  Result<l2::CheckReport> check() override {
    SEEKFS_TRY(disk_.enter(FakeOp::check));
    if (cancelled_) return seekfs::fail(ErrorCode::cancelled, "the fake was told to stop");
    return l2::CheckReport{.pages = disk_.size()};
  }

  void cancel_long_work() noexcept override {
    cancelled_ = true;
    disk_.release(FakeOp::check);
  }

  Status list(const std::function<void(const StoredPage&)>&) override { return {}; }

  Status close() override {
    const Alone alone(inside_);
    SEEKFS_TRY(disk_.enter(FakeOp::close));
    closed_ = true;
    disk_.note("close");
    return {};
  }

 private:
  Status change(const std::string& what) {
    const Alone alone(inside_);
    disk_.note(what);
    return {};
  }

  bool copy(const PageKey& key, std::span<std::byte> out) {
    MutexLock lock(disk_.mutex_);
    const auto found = disk_.pages_.find(key);
    if (found == disk_.pages_.end()) return false;
    std::ranges::copy(found->second, out.begin());
    return true;
  }

  void put(const NewPage& page) {
    const auto bytes = page.page.bytes();
    MutexLock lock(disk_.mutex_);
    disk_.pages_.insert_or_assign(page.key, std::vector(bytes.begin(), bytes.end()));
    put_bytes_ += bytes.size();
    add_bytes(disk_.tenants_, {page.tenant, bytes.size()});
  }

  FakeDisk& disk_;
  const std::uint64_t capacity_;
  std::atomic<int> inside_{0};
  std::atomic<bool> closed_{false};
  std::atomic<bool> cancelled_{false};
  std::atomic<std::uint64_t> put_bytes_{0};
};

StoreOpener FakeDisk::opener() {
  return [this](const StoreParts&, const StoreOptions& options) -> Result<std::unique_ptr<SegmentStore>> {
    SEEKFS_TRY(enter(FakeOp::open));
    MutexLock lock(mutex_);
    EXPECT_FALSE(open_) << "opened while the one before is open still";
    open_ = true;
    return std::make_unique<Store>(*this, options.capacity);
  };
}

Status FakeDisk::enter(FakeOp op) {
  MutexLock lock(mutex_);
  ++begun_[op];
  changed_.notify_all();
  while (held_[op]) changed_.wait(mutex_);
  const auto failing = failing_.find(op);
  if (failing == failing_.end()) return {};
  return seekfs::fail(failing->second, "the fake disk fails as it was told");
}

void FakeDisk::note(const std::string& what) {
  MutexLock lock(mutex_);
  history_.push_back(what);
  changed_.notify_all();
}

void FakeDisk::fail(FakeOp op, std::optional<ErrorCode> code) {
  MutexLock lock(mutex_);
  failing_.erase(op);
  if (code) failing_.emplace(op, *code);
}

void FakeDisk::hold(FakeOp op) {
  MutexLock lock(mutex_);
  held_[op] = true;
}

void FakeDisk::release(FakeOp op) {
  MutexLock lock(mutex_);
  held_[op] = false;
  changed_.notify_all();
}

void FakeDisk::set_cached(bool cached) {
  MutexLock lock(mutex_);
  cached_ = cached;
}

void FakeDisk::set_upkeep_left(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  upkeep_left_ = bytes;
}

std::uint64_t FakeDisk::count(FakeOp op) const {
  const auto found = begun_.find(op);
  return found == begun_.end() ? 0 : found->second;
}

std::uint64_t FakeDisk::begun(FakeOp op) const {
  MutexLock lock(mutex_);
  return count(op);
}

void FakeDisk::wait_until_begun(FakeOp op, std::uint64_t times) const {
  MutexLock lock(mutex_);
  while (count(op) < times) changed_.wait(mutex_);
}

std::vector<std::size_t> FakeDisk::batches() const {
  MutexLock lock(mutex_);
  return batches_;
}

std::vector<std::string> FakeDisk::history() const {
  MutexLock lock(mutex_);
  return history_;
}

std::vector<std::string> FakeDisk::wait_for_history(std::size_t entries) const {
  MutexLock lock(mutex_);
  while (history_.size() < entries) changed_.wait(mutex_);
  return history_;
}

bool FakeDisk::holds(const PageKey& key) const {
  MutexLock lock(mutex_);
  return pages_.contains(key);
}

std::size_t FakeDisk::size() const {
  MutexLock lock(mutex_);
  return pages_.size();
}

}  // namespace seekfs::segmentstore
