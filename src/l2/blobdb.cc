// The tier over the rows of a blobdb: what is here, what must go, and which thread does it.
#include "l2/blobdb.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <unordered_set>
#include <utility>

#include "async/sync_wait.h"
#include "async/thread_pool.h"
#include "base/crc32c.h"
#include "base/mutex.h"
#include "base/units.h"
#include "l2/blobdb_pages.h"
#include "l2/blobdb_rows.h"

namespace seekfs::l2 {
namespace {

using manifest::PageKey;
using Number = BlobRows::Number;

constexpr std::uint64_t least_buffer = 256U << 10U;
constexpr std::uint64_t most_buffer = 64U << 20U;

/// What leaves together.
std::uint64_t eviction_step(std::uint64_t capacity) { return std::max(capacity / 16, least_buffer); }

/// The rows are changed by the one thread of `writer_` only. mutex_ guards what is in RAM and is never held over I/O.
class Tier final : public BlobDb {
 public:
  Tier(Logger& log, BlobDbOptions options, std::unique_ptr<BlobRows> rows)
      : log_(log),
        options_(std::move(options)),
        limit_(options_.capacity - BlobRows::fixed_cost),
        rows_(std::move(rows)) {}

  /// Learns what is there, and evicts what a smaller capacity does not hold any more.
  Status start();
  ~Tier() override;

  bool may_contain(const PageKey& key, const PageFacts&) const override {
    MutexLock lock(mutex_);
    return pages_.find(key).has_value();
  }
  async::Task<bool> get(PageKey key, PageFacts facts, std::span<std::byte> out) override;
  void put(const PageKey& key, const PageFacts& facts, PageRef page) override;
  void remove(const PageKey& key) override;
  bool enabled() const override { return true; }
  L2Stats stats() const override;

  std::vector<DiskStatus> disks() const override;
  async::Task<CheckReport> check() override;
  async::Task<void> compact() override;
  async::Task<void> drop_all() override;
  void cancel_long_work() override { cancelled_ = true; }
  void flush() override {
    [[maybe_unused]] const Status reached = async::sync_wait(async::run_on<void>(*writer_, [] { return Status(); }));
  }

 private:
  Result<bool> read(const PageKey& key, std::uint32_t crc, std::span<std::byte> out);
  void write(const PageKey& key, std::uint32_t crc, const PageRef& page);
  Status store(const PageKey& key, std::uint32_t crc, std::span<const std::byte> page);
  Status make_room(std::uint64_t bytes);
  Status collect();
  Result<CheckReport> check_pages();
  /// Only when it still has that number.
  void forget(const PageKey& key, Number number);
  bool drop_entry(const PageKey& key, Number number);
  void erase_rows(std::vector<Number> numbers);
  void erase_now(const std::vector<Number>& numbers);  ///< on the writer's thread
  void report(const Error& error);

  Logger& log_;
  const BlobDbOptions options_;
  const std::uint64_t limit_;  ///< what pages, garbage included, may take
  const std::unique_ptr<BlobRows> rows_;

  struct Counts {
    std::atomic<std::uint64_t> evicted_pages{0};
    std::atomic<std::uint64_t> evictions{0};
    std::atomic<std::uint64_t> put_bytes{0};
    std::atomic<std::uint64_t> dropped_pages{0};
    std::atomic<std::uint64_t> damaged_pages{0};
  };
  Counts counts_;
  std::atomic<bool> cancelled_{false};  ///< a check is to end
  std::atomic<bool> broken_{false};     ///< damage that only a start with an empty folder mends

  mutable Mutex mutex_;
  BlobPages pages_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t garbage_ SEEKFS_GUARDED_BY(mutex_) = 0;  ///< bytes that may still be on disk and belong to no page
  std::unordered_set<PageKey, manifest::PageKeyHash> queued_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t queued_bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::string failure_ SEEKFS_GUARDED_BY(mutex_);  ///< of the last write; empty when it went well
  Number next_number_ = 1;                         ///< the writer's

  // Last, so that their threads end first.
  std::unique_ptr<async::ThreadPool> readers_ =
      std::make_unique<async::ThreadPool>("blobdb-read", options_.read_threads);
  std::unique_ptr<async::ThreadPool> writer_ = std::make_unique<async::ThreadPool>("blobdb-write", 1);
};

Status Tier::start() {
  std::optional<Error> damage;
  {
    MutexLock lock(mutex_);
    const Status read = rows_->each([&](Number number, const PageKey& key) SEEKFS_NO_THREAD_SAFETY_ANALYSIS {
      pages_.add(key, number);
      next_number_ = number + 1;
    });
    if (!read) damage = read.error();
    if (damage) pages_.clear();
  }
  if (damage && damage->code != ErrorCode::corrupt) return std::unexpected(*damage);
  if (damage) {
    log_.warning("a damaged blobdb is emptied", {{"path", options_.path}, {"error", damage->message}});
    SEEKFS_TRY(rows_->reset());
  }
  const BlobRows::Usage usage = rows_->usage();
  {
    MutexLock lock(mutex_);
    const std::uint64_t on_disk = usage.blob_bytes + usage.table_bytes;
    garbage_ = on_disk > pages_.bytes() ? on_disk - pages_.bytes() : 0;
  }
  return make_room(0);
}

Tier::~Tier() {
  readers_.reset();  // first: a read that finds damage gives the writer work
  writer_.reset();
  if (const Status flushed = rows_->flush(); !flushed) report(flushed.error());
}

async::Task<bool> Tier::get(PageKey key, PageFacts facts, std::span<std::byte> out) {
  if (out.size() != key.len || !may_contain(key, facts)) co_return false;
  const std::uint32_t crc = facts.crc32c;
  co_return co_await async::run_on<bool>(*readers_, [this, key, crc, out] { return read(key, crc, out); });
}

/// An error of the database is a miss; the page is not asked for again when it is damaged.
Result<bool> Tier::read(const PageKey& key, std::uint32_t crc, std::span<std::byte> out) {
  std::optional<Number> number;
  {
    MutexLock lock(mutex_);
    number = pages_.find(key);
  }
  if (!number) return false;
  const auto stored = rows_->read(*number, key, out);
  if (stored && *stored == crc) return true;
  if (stored && *stored) {  // another content than the manifest's
    forget(key, *number);
    return false;
  }
  if (!stored && stored.error().code != ErrorCode::corrupt) {
    report(stored.error());
    return false;
  }
  // A row that was there and is not: evicted since it was asked for, or lost.
  if (!stored) counts_.damaged_pages.fetch_add(1, std::memory_order_relaxed);
  forget(key, *number);
  return false;
}

void Tier::put(const PageKey& key, const PageFacts& facts, PageRef page) {
  if (!page || page.size() != key.len) return;
  {
    MutexLock lock(mutex_);
    if (pages_.find(key) || queued_.contains(key)) return;
    if (queued_bytes_ + key.len > options_.queue_bytes || BlobRows::cost(key.len) > limit_ || broken_) {
      counts_.dropped_pages.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    queued_.insert(key);
    queued_bytes_ += key.len;
  }
  writer_->post([this, key, crc32c = facts.crc32c, page = std::move(page)]() mutable {
    write(key, crc32c, page);
    page.reset();
    MutexLock lock(mutex_);
    queued_.erase(key);
    queued_bytes_ -= key.len;
  });
}

void Tier::write(const PageKey& key, std::uint32_t crc, const PageRef& page) {
  const Status stored = broken_ ? Status(fail(ErrorCode::corrupt, "damaged")) : store(key, crc, page.bytes());
  if (stored) {
    counts_.put_bytes.fetch_add(key.len, std::memory_order_relaxed);
    MutexLock lock(mutex_);
    failure_.clear();
    return;
  }
  counts_.dropped_pages.fetch_add(1, std::memory_order_relaxed);
  if (!broken_) report(stored.error());
}

Status Tier::store(const PageKey& key, std::uint32_t crc, std::span<const std::byte> page) {
  SEEKFS_TRY(make_room(BlobRows::cost(key.len)));
  const Number number = next_number_++;
  SEEKFS_TRY(rows_->put(number, key, crc, page));
  MutexLock lock(mutex_);
  pages_.add(key, number);
  return {};
}

/// Evicts, and lets RocksDB free what was evicted, until so many bytes more stay within the capacity.
Status Tier::make_room(std::uint64_t bytes) {
  while (true) {
    std::vector<Number> gone;
    {
      MutexLock lock(mutex_);
      if (pages_.bytes() + garbage_ + bytes <= limit_) return {};
      const std::uint64_t before = pages_.bytes();
      gone = pages_.remove_oldest(std::max(bytes, eviction_step(options_.capacity)));
      garbage_ += before - pages_.bytes();
    }
    if (!gone.empty()) {
      counts_.evicted_pages.fetch_add(gone.size(), std::memory_order_relaxed);
      counts_.evictions.fetch_add(1, std::memory_order_relaxed);
      SEEKFS_TRY(rows_->erase(gone));
    }
    SEEKFS_TRY(collect());
    MutexLock lock(mutex_);
    if (gone.empty() && pages_.bytes() + garbage_ + bytes > limit_) {
      return fail(ErrorCode::exhausted, fmt::format("{}: RocksDB takes {} of {} without holding a page", options_.path,
                                                    format_size(garbage_), format_size(options_.capacity)));
    }
  }
}

/// Everything in RocksDB's buffers is on disk afterwards, so that what it takes can be compared with what is needed.
Status Tier::collect() {
  SEEKFS_TRY(rows_->collect());
  const BlobRows::Usage usage = rows_->usage();
  MutexLock lock(mutex_);
  const std::uint64_t on_disk = usage.blob_bytes + usage.table_bytes;
  garbage_ = on_disk > pages_.bytes() ? on_disk - pages_.bytes() : 0;
  return {};
}

void Tier::remove(const PageKey& key) {
  bool queued = false;
  std::vector<Number> gone;
  {
    MutexLock lock(mutex_);
    queued = queued_.contains(key);
    if (const auto number = pages_.remove(key)) gone.push_back(*number);
    if (!gone.empty()) garbage_ += BlobRows::cost(key.len);
  }
  if (!gone.empty()) erase_rows(std::move(gone));
  // One that is being written is forgotten after that.
  if (queued) {
    writer_->post([this, key] {
      std::optional<Number> number;
      {
        MutexLock lock(mutex_);
        number = pages_.find(key);
      }
      // Not by another task: none is taken any more when the tier is on its end.
      if (number && drop_entry(key, *number)) erase_now({*number});
    });
  }
}

void Tier::forget(const PageKey& key, Number number) {
  if (drop_entry(key, number)) erase_rows({number});
}

bool Tier::drop_entry(const PageKey& key, Number number) {
  MutexLock lock(mutex_);
  if (pages_.find(key) != number) return false;
  pages_.remove(key);
  garbage_ += BlobRows::cost(key.len);
  return true;
}

void Tier::erase_rows(std::vector<Number> numbers) {
  writer_->post([this, numbers = std::move(numbers)] { erase_now(numbers); });
}

void Tier::erase_now(const std::vector<Number>& numbers) {
  if (broken_) return;
  if (const Status erased = rows_->erase(numbers); !erased) report(erased.error());
}

void Tier::report(const Error& error) {
  {
    MutexLock lock(mutex_);
    const bool known = !failure_.empty();
    failure_ = error.message;
    if (known && error.code != ErrorCode::corrupt) return;
  }
  log_.error("the blobdb fails", {{"path", options_.path}, {"error", error.message}});
  // Damage that a write meets is in RocksDB's own files; it will not write again.
  if (error.code == ErrorCode::corrupt && !broken_.exchange(true)) rows_->mark_damaged();
}

L2Stats Tier::stats() const {
  MutexLock lock(mutex_);
  return {.pages = pages_.size(),
          .bytes = pages_.bytes() + garbage_,
          .capacity_bytes = options_.capacity,
          .evicted_pages = counts_.evicted_pages,
          .written_bytes = counts_.put_bytes};
}

std::vector<DiskStatus> Tier::disks() const {
  const BlobRows::Usage usage = rows_->usage();
  DiskStatus status;
  status.path = options_.path;
  status.segments = usage.blob_files;
  status.segment_bytes = usage.blob_bytes;
  status.disk_bytes = usage.blob_bytes + usage.table_bytes;
  status.capacity_bytes = options_.capacity;
  status.evicted_pages = counts_.evicted_pages;
  status.evicted_segments = counts_.evictions;
  status.put_bytes = counts_.put_bytes;
  status.written_bytes = counts_.put_bytes;
  status.dropped_pages = counts_.dropped_pages;
  status.damaged_pages = counts_.damaged_pages;
  MutexLock lock(mutex_);
  status.up = failure_.empty();
  status.detail = failure_;
  status.pages = pages_.size();
  status.live_bytes = pages_.bytes();
  status.index_bytes = pages_.memory_bytes();
  return {status};
}

async::Task<CheckReport> Tier::check() {
  co_return co_await async::run_on<CheckReport>(*readers_, [this] { return check_pages(); });
}

Result<CheckReport> Tier::check_pages() {
  std::vector<std::pair<Number, PageKey>> all;
  {
    MutexLock lock(mutex_);
    all = pages_.all();
  }
  CheckReport report;
  std::vector<std::byte> bytes;
  for (const auto& [number, key] : all) {
    if (cancelled_) return fail(ErrorCode::cancelled, options_.path + " is being closed");
    bytes.resize(key.len);
    const auto stored = rows_->read(number, key, bytes);
    if (stored && !*stored) continue;  // evicted meanwhile
    if (stored && crc32c(bytes) == **stored) {
      ++report.pages;
      report.bytes += key.len;
      continue;
    }
    {
      MutexLock lock(mutex_);
      if (pages_.find(key) != number) continue;  // removed meanwhile
    }
    ++report.damage_count;
    counts_.damaged_pages.fetch_add(1, std::memory_order_relaxed);
    if (report.damage.size() < max_listed_damage) {
      report.damage.push_back(
          {.file = fmt::format("{}/blobdb row {}", options_.path, number),
           .offset = key.off,
           .what = stored ? "the bytes are not those of the row's CRC32C" : stored.error().message});
    }
    // What can't be read now may be read later: only what is wrong is forgotten.
    if (stored || stored.error().code == ErrorCode::corrupt) forget(key, number);
  }
  return report;
}

async::Task<void> Tier::compact() {
  co_return co_await async::run_on<void>(*writer_, [this] { return collect(); });
}

async::Task<void> Tier::drop_all() {
  co_return co_await async::run_on<void>(*writer_, [this]() -> Status {
    {
      MutexLock lock(mutex_);
      pages_.clear();
      garbage_ = 0;
    }
    SEEKFS_TRY(rows_->reset());
    broken_ = false;
    MutexLock lock(mutex_);
    failure_.clear();
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<BlobDb>> open_blobdb(BlobDbParts parts, BlobDbOptions options) {
  if (options.capacity < BlobDbOptions::min_capacity) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: a capacity of {} is too small for a blobdb; give it {} or more", options.path,
                            format_size(options.capacity), format_size(BlobDbOptions::min_capacity)));
  }
  const std::uint64_t buffer = std::clamp(options.capacity / 16, least_buffer, most_buffer);
  auto rows = BlobRows::open(parts.files, options.path + "/blobdb", buffer, parts.log);
  if (!rows && rows.error().code == ErrorCode::conflict) {
    return fail(ErrorCode::conflict, fmt::format("{}/blobdb is open in another process, which holds the lock on its "
                                                 "file LOCK: {}",
                                                 options.path, rows.error().message));
  }
  if (!rows) return std::unexpected(rows.error());
  auto tier = std::make_unique<Tier>(parts.log, std::move(options), std::move(*rows));
  SEEKFS_TRY(tier->start());
  return tier;
}

}  // namespace seekfs::l2
