// Rows in two column families, written without a log and made durable together by an atomic flush.
#include "segmentstore/rocksdb_rows.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "l2/rocksdb_support.h"
#include "segmentstore/little_endian.h"

namespace seekfs::segmentstore {
namespace {

namespace rocks = l2::rocks;
using rocksdb::Slice;

// Entries: fingerprint -> place, and the checkpoint under a key that is no fingerprint's. By place: place, fingerprint
// -> nothing; the fingerprint is in the key since an index may be told of two pages at one place.
constexpr std::size_t entries = 0;
constexpr std::size_t by_place = 1;
constexpr std::string_view checkpoint_key = "checkpoint";

constexpr std::size_t block_cache_size = 8U << 20U;
constexpr std::size_t write_buffer_size = 8U << 20U;
constexpr std::uint64_t table_size = 16U << 20U;
constexpr std::uint64_t first_level_size = 64U << 20U;
constexpr std::uint64_t largest_compaction = 64U << 20U;
constexpr std::uint64_t verify_up_to = 64U << 20U;

/// A change is at most four rows of 8 or 16 bytes of key, 8 of value and 12 of RocksDB's own, two of them with 10 bits
/// of filter, and its part of block ends and index blocks.
constexpr std::uint64_t disk_bytes_per_change = 128;
/// Two manifests of 64 KiB, options of three opens, heads of small files, and the rest of RocksDB's small files.
constexpr std::uint64_t fixed_disk_bytes = 320U << 10U;
/// What one compaction writes before its inputs go: RocksDB keeps its choice below the first, and adds level 0 and the
/// tables of the first level that overlap.
constexpr std::uint64_t compaction_room = largest_compaction + 2 * first_level_size;

/// Big-endian, so that rows lie in the order of their numbers.
class RowKey {
 public:
  explicit RowKey(std::uint64_t first) : size_(8) { put(0, first); }
  RowKey(std::uint64_t first, std::uint64_t second) : size_(16) {
    put(0, first);
    put(8, second);
  }
  operator Slice() const { return {bytes_.data(), size_}; }

 private:
  void put(std::size_t at, std::uint64_t number) {
    if constexpr (std::endian::native == std::endian::little) number = std::byteswap(number);
    std::memcpy(bytes_.data() + at, &number, sizeof number);
  }
  std::array<char, 16> bytes_{};
  std::size_t size_;
};

std::uint64_t big_endian_at(const Slice& slice, std::size_t at) {
  std::uint64_t number = 0;
  std::memcpy(&number, slice.data() + at, sizeof number);
  return std::endian::native == std::endian::little ? std::byteswap(number) : number;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache, bool filter) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.format_version = 5;
  if (filter) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = write_buffer_size;
  options.max_write_buffer_number = 2;
  options.target_file_size_base = table_size;
  options.max_bytes_for_level_base = first_level_size;
  options.max_compaction_bytes = largest_compaction;
  return options;
}

class Rows final : public RocksdbRows {
 public:
  Rows(env::FileSystem& files, std::string folder, Logger& log)
      : files_(files), log_(log), cache_(rocksdb::NewLRUCache(block_cache_size)) {
    request_.folder = std::move(folder);
    request_.options = rocks::quiet_options(log);
    request_.options.atomic_flush = true;
    request_.families = {{rocksdb::kDefaultColumnFamilyName, family_options(cache_, true)},
                         {"by_place", family_options(cache_, false)}};
    request_.verify_up_to = verify_up_to;
  }
  ~Rows() override { slot_.take(); }

  Status open() {
    SEEKFS_ASSIGN(auto opened, rocks::open(files_, request_, log_));
    if (!opened.damage.empty()) damage_ = std::move(opened.damage);
    slot_.set(std::move(opened.database));
    return {};
  }

  Result<Place> find(Fingerprint fingerprint) const override {
    std::string value;
    SEEKFS_ASSIGN(const bool found, get(RowKey(fingerprint), value));
    if (!found) return Place{0};
    if (value.size() != sizeof(Place))
      return fail(ErrorCode::corrupt, "an entry of " + request_.folder + " is no place");
    return load_u64(std::as_bytes(std::span(value)).data());
  }

  std::optional<Place> try_find(Fingerprint fingerprint) const override {
    const rocks::Slot::Lease database(slot_);
    if (!database) return std::nullopt;
    rocksdb::ReadOptions in_ram;
    in_ram.read_tier = rocksdb::kBlockCacheTier;
    std::string value;
    const auto status = rocks::guarded(
        [&] { return (*database)->Get(in_ram, (*database).family(entries), RowKey(fingerprint), &value); });
    if (status.IsNotFound()) return Place{0};
    if (!status.ok() || value.size() != sizeof(Place)) return std::nullopt;
    return load_u64(std::as_bytes(std::span(value)).data());
  }

  bool may_contain(Fingerprint fingerprint) const noexcept override {
    try {
      rocks::Slot::Lease database(slot_);
      if (!database) return false;
      rocksdb::ReadOptions in_ram;
      in_ram.read_tier = rocksdb::kBlockCacheTier;
      std::string unused;
      return (*database)->KeyMayExist(in_ram, (*database).family(entries), RowKey(fingerprint), &unused);
    } catch (const std::exception&) {
      return true;  // find() will say
    }
  }

  Result<std::vector<Row>> rows_of(SegmentNumber segment) const override {
    std::vector<Row> rows;
    const RowKey begin(Place{segment} << 32U);
    const RowKey end((Place{segment} + 1) << 32U);
    const Slice upper = end;
    SEEKFS_TRY(with_database("read", [&](rocks::Database& database) {
      rocksdb::ReadOptions options;
      options.iterate_upper_bound = &upper;
      options.fill_cache = false;
      const std::unique_ptr<rocksdb::Iterator> each(database->NewIterator(options, database.family(by_place)));
      for (each->Seek(begin); each->Valid(); each->Next()) {
        const Slice key = each->key();
        if (key.size() != 16) return rocksdb::Status::Corruption("a row by place has a key of another length");
        rows.push_back({.fingerprint = big_endian_at(key, 8), .place = big_endian_at(key, 0)});
      }
      return each->status();
    }));
    return rows;
  }

  Result<std::vector<SegmentNumber>> segments() const override {
    std::vector<SegmentNumber> segments;
    SEEKFS_TRY(with_database("read", [&](rocks::Database& database) {
      const std::unique_ptr<rocksdb::Iterator> each(database->NewIterator({}, database.family(by_place)));
      for (each->SeekToFirst(); each->Valid(); each->Seek(RowKey((Place{segments.back()} + 1) << 32U))) {
        if (each->key().size() != 16) return rocksdb::Status::Corruption("a row by place has a key of another length");
        segments.push_back(unpack(big_endian_at(each->key(), 0)).segment);
      }
      return each->status();
    }));
    return segments;
  }

  Result<bool> empty() const override {
    bool nothing = true;
    SEEKFS_TRY(with_database("read", [&](rocks::Database& database) {
      const std::unique_ptr<rocksdb::Iterator> each(database->NewIterator({}, database.family(entries)));
      each->SeekToFirst();
      nothing = !each->Valid();
      return each->status();
    }));
    return nothing;
  }

  Result<std::optional<std::string>> checkpoint() const override {
    std::string value;
    SEEKFS_ASSIGN(const bool found, get(Slice(checkpoint_key.data(), checkpoint_key.size()), value));
    if (!found) return std::nullopt;
    return value;
  }

  Status write(std::span<const RowChange> changes, const std::optional<std::string>& checkpoint) override {
    return with_database("write", [&](rocks::Database& database) {
      rocksdb::WriteBatch batch;
      for (const RowChange& change : changes) add(database, batch, change);
      const Slice key(checkpoint_key.data(), checkpoint_key.size());
      if (auto status = checkpoint ? batch.Put(database.family(entries), key, *checkpoint)
                                   : batch.Delete(database.family(entries), key);
          !status.ok()) {
        return status;
      }
      rocksdb::WriteOptions options;
      options.disableWAL = true;
      auto status = database->Write(options, &batch);
      if (status.ok() || rocks::is_damage(status)) return status;
      // A disk that was full stops RocksDB until it is told to go on, or sees by itself, every few seconds, that it
      // may.
      if (auto resumed = database->Resume(); !resumed.ok()) return status;
      return database->Write(options, &batch);
    });
  }

  /// After a flush that failed and was recovered, RocksDB may call one done that left the newest rows in RAM: so it is
  /// asked what is left.
  Status flush() override {
    return with_database("flush", [&](rocks::Database& database) {
      for (int attempt = 0; attempt < 3; ++attempt) {
        auto status = database->Flush({}, database.families());
        if (status.ok() && rows_in_ram(database) == 0) return status;
        if (status.ok()) continue;
        if (rocks::is_damage(status)) return status;
        if (auto resumed = database->Resume(); !resumed.ok()) return status;
      }
      return rocksdb::Status::TryAgain("rows stay in RAM after a flush");
    });
  }

  Status reset() override {
    slot_.take();
    SEEKFS_TRY(rocks::remove(files_, request_.folder));
    return open();
  }

  Usage usage() const override {
    const rocks::Slot::Lease database(slot_);
    if (!database) return {};
    return {.disk_bytes = (*database).sum("rocksdb.total-sst-files-size"),
            .memory_bytes = (*database).sum("rocksdb.size-all-mem-tables") +
                            (*database).sum("rocksdb.estimate-table-readers-mem") + cache_->GetUsage()};
  }

  std::optional<std::string> take_damage() override { return std::exchange(damage_, std::nullopt); }
  void mark_damaged() override { rocks::mark_damaged(files_, request_.folder, log_); }

 private:
  /// RocksDB checks what it adds to a batch only for sizes, which are given here.
  static void add(rocks::Database& database, rocksdb::WriteBatch& batch, const RowChange& change) {
    if (change.before != 0) {
      batch.Delete(database.family(by_place), RowKey(change.before, change.fingerprint)).PermitUncheckedError();
    }
    if (change.now == 0) {
      batch.Delete(database.family(entries), RowKey(change.fingerprint)).PermitUncheckedError();
      return;
    }
    std::array<std::byte, sizeof(Place)> value{};
    store_u64(value.data(), change.now);
    batch
        .Put(database.family(entries), RowKey(change.fingerprint),
             Slice(reinterpret_cast<const char*>(value.data()), value.size()))
        .PermitUncheckedError();
    batch.Put(database.family(by_place), RowKey(change.now, change.fingerprint), Slice()).PermitUncheckedError();
  }

  static std::uint64_t rows_in_ram(const rocks::Database& database) {
    return database.sum("rocksdb.num-entries-active-mem-table") + database.sum("rocksdb.num-entries-imm-mem-tables");
  }

  template <class Call>
  Status with_database(std::string_view verb, const Call& call) const {
    const rocks::Slot::Lease database(slot_);
    if (!database) return fail(ErrorCode::transient, "the index " + request_.folder + " is closed");
    const rocksdb::Status status = rocks::guarded([&] { return call(*database); });
    if (status.ok()) return {};
    return std::unexpected(rocks::to_error(status, std::string(verb) + " the index " + request_.folder));
  }

  Result<bool> get(const Slice& key, std::string& value) const {
    bool found = true;
    SEEKFS_TRY(with_database("read", [&](rocks::Database& database) {
      auto status = database->Get({}, database.family(entries), key, &value);
      if (!status.IsNotFound()) return status;
      found = false;
      return rocksdb::Status::OK();
    }));
    return found;
  }

  env::FileSystem& files_;
  Logger& log_;
  std::shared_ptr<rocksdb::Cache> cache_;
  rocks::OpenRequest request_;
  rocks::Slot slot_;
  std::optional<std::string> damage_;
};

}  // namespace

Result<std::unique_ptr<RocksdbRows>> RocksdbRows::open(env::FileSystem& files, std::string folder, Logger& log) {
  auto rows = std::make_unique<Rows>(files, std::move(folder), log);
  SEEKFS_TRY(rows->open());
  return rows;
}

std::uint64_t RocksdbRows::disk_bound(std::uint64_t disk_bytes, std::uint64_t changes, std::uint64_t checkpoint_bytes) {
  const std::uint64_t rows = disk_bytes + changes * disk_bytes_per_change + checkpoint_bytes;
  return rows + std::min(rows, compaction_room) + fixed_disk_bytes;
}

}  // namespace seekfs::segmentstore
