// One column family with blob files: small rows stay in tables, pages go to blob files that live and die as a whole.
#include "l2/blobdb_rows.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/crc32c.h"
#include "l2/rocksdb_support.h"

namespace seekfs::l2 {
namespace {

using manifest::PageKey;
using rocksdb::Slice;

constexpr std::uint64_t table_size = 8U << 20U;
constexpr std::uint64_t smallest_blob = 256;
constexpr std::size_t block_cache_size = 8U << 20U;

void put_u32(std::byte* to, std::uint32_t number) {
  for (unsigned i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(number >> (8 * i));
}
void put_u64(std::byte* to, std::uint64_t number) {
  put_u32(to, static_cast<std::uint32_t>(number));
  put_u32(to + 4, static_cast<std::uint32_t>(number >> 32U));
}
std::uint32_t get_u32(const std::byte* from) {
  std::uint32_t number = 0;
  for (unsigned i = 0; i < 4; ++i) number |= std::to_integer<std::uint32_t>(from[i]) << (8 * i);
  return number;
}
std::uint64_t get_u64(const std::byte* from) { return get_u32(from) | std::uint64_t{get_u32(from + 4)} << 32U; }

/// Before a page's bytes, and alone as the small row: file key, u32 page id, u64 offset, u32 length, u32 CRC32C of the
/// page, u32 CRC32C of the header so far and of the row's number; little-endian.
constexpr std::size_t header_size = 56;
using Header = std::array<std::byte, header_size>;

std::uint32_t header_crc(std::span<const std::byte, header_size> header, BlobRows::Number number) {
  std::array<std::byte, 8> row{};
  put_u64(row.data(), number);
  return crc32c(row, crc32c(header.first(header_size - 4)));
}

Header encode(BlobRows::Number number, const PageKey& key, std::uint32_t crc) {
  Header header{};
  std::ranges::copy(std::as_bytes(std::span(key.file.bytes)), header.begin());
  put_u32(&header[32], key.page_id);
  put_u64(&header[36], key.off);
  put_u32(&header[44], key.len);
  put_u32(&header[48], crc);
  put_u32(&header[52], header_crc(header, number));
  return header;
}

struct Decoded {
  PageKey key;
  std::uint32_t crc = 0;
};

std::optional<Decoded> decode(BlobRows::Number number, const Slice& row) {
  if (row.size() < header_size) return std::nullopt;
  const auto bytes = std::as_bytes(std::span(row.data(), row.size()));
  const auto header = bytes.first<header_size>();
  if (get_u32(&header[52]) != header_crc(header, number)) return std::nullopt;
  Decoded decoded;
  std::memcpy(decoded.key.file.bytes.data(), header.data(), 32);
  decoded.key.page_id = get_u32(&header[32]);
  decoded.key.off = get_u64(&header[36]);
  decoded.key.len = get_u32(&header[44]);
  decoded.crc = get_u32(&header[48]);
  return decoded;
}

/// The number big-endian, so that rows lie in the order of arrival, and what the row is.
class RowKey {
 public:
  enum class Kind : char { key = 'k', page = 'p' };
  RowKey(BlobRows::Number number, Kind kind) {
    for (unsigned i = 0; i < 8; ++i) bytes_[i] = static_cast<char>(number >> (8 * (7 - i)) & 0xFFU);
    bytes_[8] = static_cast<char>(kind);
  }
  operator Slice() const { return {bytes_.data(), bytes_.size()}; }

  /// Of a small row; nothing when it is another one.
  static std::optional<BlobRows::Number> number_of(const Slice& row) {
    if (row.size() != 9 || row[8] != static_cast<char>(Kind::key)) return std::nullopt;
    BlobRows::Number number = 0;
    for (unsigned i = 0; i < 8; ++i) number = number << 8U | static_cast<unsigned char>(row[i]);
    return number;
  }

 private:
  std::array<char, 9> bytes_{};
};

Slice slice_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

rocksdb::ColumnFamilyOptions family_options(std::uint64_t buffer_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_size);
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = buffer_bytes;
  options.max_write_buffer_number = 3;
  options.target_file_size_base = table_size;
  options.enable_blob_files = true;
  options.min_blob_size = smallest_blob;
  options.blob_compression_type = rocksdb::kNoCompression;
  // Pages leave in the order in which they came, so blob files die as a whole; moving live pages would only be work.
  options.enable_blob_garbage_collection = false;
  return options;
}

class Rows final : public BlobRows {
 public:
  Rows(env::FileSystem& files, std::string folder, std::uint64_t buffer_bytes, Logger& log) : files_(files), log_(log) {
    request_.folder = std::move(folder);
    request_.options = rocks::quiet_options(log);
    request_.families = {{rocksdb::kDefaultColumnFamilyName, family_options(buffer_bytes)}};
    request_.verify_up_to = 64U << 20U;
  }
  ~Rows() override { slot_.take(); }

  Status open() {
    SEEKFS_ASSIGN(auto opened, rocks::open(files_, request_, log_));
    slot_.set(std::move(opened.database));
    return {};
  }

  Status each(const std::function<void(Number, const PageKey&)>& take) const override {
    return with_database("read", [&](rocks::Database& database) {
      rocksdb::ReadOptions options;
      options.fill_cache = false;
      const std::unique_ptr<rocksdb::Iterator> row(database->NewIterator(options, database.family(0)));
      row->SeekToFirst();
      while (row->Valid()) {
        const auto number = RowKey::number_of(row->key());
        if (!number) {  // a page's row: reading it would read the page
          row->Next();
          continue;
        }
        const auto decoded = decode(*number, row->value());
        if (!decoded) return rocksdb::Status::Corruption("a row is no page's key");
        take(*number, decoded->key);
        row->Seek(RowKey(*number + 1, RowKey::Kind::key));
      }
      return row->status();
    });
  }

  Status put(Number number, const PageKey& key, std::uint32_t crc, std::span<const std::byte> page) override {
    const Header header = encode(number, key, crc);
    const RowKey key_row(number, RowKey::Kind::key);
    const RowKey page_row(number, RowKey::Kind::page);
    const std::array<Slice, 1> name = {page_row};
    const std::array<Slice, 2> value = {slice_of(header), slice_of(page)};
    return write([&](rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch& batch) {
      auto status = batch.Put(family, key_row, slice_of(header));
      if (!status.ok()) return status;
      return batch.Put(family, rocksdb::SliceParts(name.data(), 1), rocksdb::SliceParts(value.data(), 2));
    });
  }

  Result<std::optional<std::uint32_t>> read(Number number, const PageKey& key,
                                            std::span<std::byte> out) const override {
    std::optional<std::uint32_t> crc;
    SEEKFS_TRY(with_database("read", [&](rocks::Database& database) {
      rocksdb::PinnableSlice value;
      auto status = database->Get({}, database.family(0), RowKey(number, RowKey::Kind::page), &value);
      if (status.IsNotFound()) return rocksdb::Status::OK();
      if (!status.ok()) return status;
      const auto decoded = decode(number, value);
      if (!decoded || decoded->key != key || value.size() != header_size + out.size()) {
        return rocksdb::Status::Corruption("a row is not the page that it should be");
      }
      std::memcpy(out.data(), value.data() + header_size, out.size());
      crc = decoded->crc;
      return status;
    }));
    return crc;
  }

  Status erase(std::span<const Number> numbers) override {
    return write([&](rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch& batch) {
      for (const Number number : numbers) {
        for (const RowKey::Kind kind : {RowKey::Kind::key, RowKey::Kind::page}) {
          if (auto status = batch.Delete(family, RowKey(number, kind)); !status.ok()) return status;
        }
      }
      return rocksdb::Status::OK();
    });
  }

  Status flush() override {
    return with_database("flush", [&](rocks::Database& database) {
      return retried(database, [&] { return database->Flush({}, database.family(0)); });
    });
  }

  Status collect() override {
    SEEKFS_TRY(flush());
    return with_database("compact", [&](rocks::Database& database) {
      return database->CompactRange({}, database.family(0), nullptr, nullptr);
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
    return {.blob_files = (*database).sum("rocksdb.num-blob-files"),
            .blob_bytes = (*database).sum("rocksdb.total-blob-file-size"),
            .table_bytes = (*database).sum("rocksdb.total-sst-files-size")};
  }

  void mark_damaged() override { rocks::mark_damaged(files_, request_.folder, log_); }

 private:
  /// A disk that was full stops RocksDB until it is told to go on, or sees by itself, every few seconds, that it may.
  template <class Call>
  static rocksdb::Status retried(rocks::Database& database, const Call& call) {
    auto status = call();
    if (status.ok() || rocks::is_damage(status)) return status;
    if (auto resumed = database->Resume(); !resumed.ok()) return status;
    return call();
  }

  template <class Fill>
  Status write(const Fill& fill) {
    return with_database("write", [&](rocks::Database& database) {
      rocksdb::WriteBatch batch;
      if (auto status = fill(database.family(0), batch); !status.ok()) return status;
      rocksdb::WriteOptions options;
      options.disableWAL = true;
      return retried(database, [&] { return database->Write(options, &batch); });
    });
  }

  template <class Call>
  Status with_database(std::string_view verb, const Call& call) const {
    const rocks::Slot::Lease database(slot_);
    if (!database) return fail(ErrorCode::transient, "the database " + request_.folder + " is closed");
    const rocksdb::Status status = rocks::guarded([&]() -> rocksdb::Status { return call(*database); });
    if (status.ok()) return {};
    return std::unexpected(rocks::to_error(status, std::string(verb) + " the database " + request_.folder));
  }

  env::FileSystem& files_;
  Logger& log_;
  rocks::OpenRequest request_;
  rocks::Slot slot_;
};

}  // namespace

Result<std::unique_ptr<BlobRows>> BlobRows::open(env::FileSystem& files, std::string folder, std::uint64_t buffer_bytes,
                                                 Logger& log) {
  auto rows = std::make_unique<Rows>(files, std::move(folder), buffer_bytes, log);
  SEEKFS_TRY(rows->open());
  return rows;
}

}  // namespace seekfs::l2
