// The segmentstore beside RocksDB's BlobDB used bare, for pages of 8 MiB.
#include <rocksdb/db.h>

#include "segmentstore/bench_rounds.h"

namespace seekfs::segmentstore::bench {
namespace {

constexpr std::uint32_t page_size = 8U << 20U;

std::string name_of(std::uint64_t number) { return fmt::format("{:064x}", number * 0x9E3779B97F4A7C15U); }

/// As kindly set up as its documents say: blobs apart and not compressed, no log beside them.
std::unique_ptr<rocksdb::DB> open_blobdb(const std::string& path) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.enable_blob_files = true;
  options.min_blob_size = 4096;
  options.blob_file_size = 1U << 30U;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(options, path, &db);
  must_be(opened.ok(), opened.ToString());
  return std::unique_ptr<rocksdb::DB>(db);
}

void put_all(rocksdb::DB& db, const Pages& pages, std::uint64_t count) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  std::uint32_t crcs = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto bytes = pages.page(i).bytes();
    crcs ^= crc32c(bytes);
    const rocksdb::Slice value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    must_be(db.Put(options, name_of(i), value).ok(), "BlobDB refused a page");
  }
  must_be(db.Flush(rocksdb::FlushOptions()).ok(), "BlobDB could not flush");
  must_be(crcs != 1, "an unlikely sum");
}

void append_all(SegmentStore& store, const Pages& pages, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const NewPage page{key_of(i, page_size), crc32c(pages.page(i).bytes()), pages.page(i)};
    must(store.append(std::span(&page, 1)));
  }
  // BlobDB's flush syncs its files, so this side syncs as well.
  must(store.checkpoint());
}

}  // namespace

void measure_blobdb(const Bench& bench) {
  head("8 MiB pages, beside RocksDB BlobDB used bare");
  const Pages pages(page_size);
  const std::uint64_t count = bench.bytes / page_size;
  const auto amount = static_cast<double>(count * page_size) / 1e6;
  std::unique_ptr<SegmentStore> store;
  std::unique_ptr<rocksdb::DB> db;
  const auto settle = [&](const std::string& name) {
    remove_tree(bench.at(name));
    must(env::posix_file_system().sync_file_system(bench.directory));
  };
  compare(bench, "write, durable", amount, "MB/s",
          {[&] {
             store.reset();
             settle("store");
             store = open_store(bench, "store", 4 * bench.bytes + (std::uint64_t{20} << 30U));
           },
           [&] { append_all(*store, pages, count); }},
          {[&] {
             db.reset();
             settle("rocks");
             db = open_blobdb(bench.at("rocks"));
           },
           [&] { put_all(*db, pages, count); }});
  std::vector<std::uint64_t> order(count);
  for (std::uint64_t& one : order) one = bench.random->below(count);
  std::vector<std::byte> out(page_size);
  compare(bench, "random read and CRC32C, from the page cache", amount, "MB/s",
          {{},
           [&] {
             for (const std::uint64_t i : order) {
               must_be(must(store->read(key_of(i, page_size), pages.crc(i), out)) && crc32c(out) == pages.crc(i),
                       "the store lost a page");
             }
           }},
          {{}, [&] {
             for (const std::uint64_t i : order) {
               rocksdb::PinnableSlice value;
               const auto status = db->Get(rocksdb::ReadOptions(), db->DefaultColumnFamily(), name_of(i), &value);
               must_be(status.ok() && crc32c(std::as_bytes(std::span(value.data(), value.size()))) == pages.crc(i),
                       "BlobDB lost a page");
             }
           }});
  store.reset();
  db.reset();
  settle("store");
  settle("rocks");
}

}  // namespace seekfs::segmentstore::bench
