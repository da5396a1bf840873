// Writes and reads of large and small pages beside pwrite and pread with a CRC32C.
#include "async/sync_wait.h"
#include "async/timers.h"
#include "base/metrics.h"
#include "segmentstore/bench_rounds.h"
#include "segmentstore/segment_tier.h"

namespace seekfs::segmentstore::bench {
namespace {

constexpr std::uint32_t kib = 1U << 10U;
constexpr std::uint64_t batch_bytes = 8U << 20U;

std::string size_name(std::uint32_t size) {
  return size >= kib * kib ? fmt::format("{} MiB", size / kib / kib) : fmt::format("{} KiB", size / kib);
}

std::unique_ptr<env::File> new_file(const std::string& path) {
  return must(env::posix_file_system().open(path, {.write = true, .create = true, .truncate = true}));
}

/// Leaves nothing of the round before to be written back during the next one.
void settle(const Bench& bench, const std::string& name) {
  remove_tree(bench.at(name));
  must(env::posix_file_system().sync_file_system(bench.directory));
}

/// Pages [0, count) in appends of about 8 MiB, each page's CRC32C computed as the caller of the tier does.
void append_all(SegmentStore& store, const Pages& pages, std::uint32_t size, std::uint64_t count) {
  std::vector<NewPage> batch;
  for (std::uint64_t i = 0; i < count; ++i) {
    batch.push_back({key_of(i, size), crc32c(pages.page(i).bytes()), pages.page(i)});
    if (batch.size() * size < batch_bytes && i + 1 < count) continue;
    must(store.append(batch));
    batch.clear();
  }
}

void write_all(env::File& file, const Pages& pages, std::uint32_t size, std::uint64_t count) {
  std::uint32_t crcs = 0;
  std::vector<std::span<const std::byte>> pieces;
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    crcs ^= crc32c(pages.page(i).bytes());
    pieces.push_back(pages.page(i).bytes());
    if (pieces.size() * size < batch_bytes && i + 1 < count) continue;
    must(file.write_gather_at(at, pieces));
    at += pieces.size() * size;
    pieces.clear();
  }
  must_be(crcs != 1, "an unlikely sum");
}

void compare_writes(const Bench& bench, std::uint32_t size, bool durable) {
  const Pages pages(size);
  const std::uint64_t count = bench.bytes / size;
  std::unique_ptr<SegmentStore> store;
  std::unique_ptr<env::File> file;
  const Side ours{[&] {
                    store.reset();
                    settle(bench, "store");
                    store = open_store(bench, "store", 4 * bench.bytes + (std::uint64_t{20} << 30U));
                  },
                  [&] {
                    append_all(*store, pages, size, count);
                    if (durable) must(store->checkpoint());
                  }};
  const Side rival{[&] {
                     file.reset();
                     settle(bench, "plain");
                     file = new_file(bench.at("plain"));
                   },
                   [&] {
                     write_all(*file, pages, size, count);
                     if (durable) must(file->sync_data());
                   }};
  compare(bench, fmt::format("{} pages, {}", size_name(size), durable ? "append and checkpoint" : "append"),
          static_cast<double>(count * size) / 1e6, "MB/s", ours, rival);
  store.reset();
  settle(bench, "store");
  settle(bench, "plain");
}

std::vector<std::uint64_t> random_order(const Bench& bench, std::uint64_t count, std::uint64_t reads) {
  std::vector<std::uint64_t> order(reads);
  for (std::uint64_t& one : order) one = bench.random->below(count);
  return order;
}

async::Task<void> get_all(l2::L2& tier, const Pages& pages, std::uint32_t size, const std::vector<std::uint64_t>& order,
                          std::span<std::byte> out) {
  for (const std::uint64_t i : order) {
    const auto hit = co_await tier.get(key_of(i, size), {.crc32c = pages.crc(i)}, out);
    must_be(hit && *hit && crc32c(out) == pages.crc(i), "the tier lost a page");
  }
  co_return Status();
}

void compare_reads(const Bench& bench, std::uint32_t size) {
  const Pages pages(size);
  const std::uint64_t count = bench.bytes / size;
  const std::uint64_t capacity = 4 * bench.bytes + (std::uint64_t{20} << 30U);
  auto store = open_store(bench, "store", capacity);
  append_all(*store, pages, size, count);
  const auto file = new_file(bench.at("plain"));
  write_all(*file, pages, size, count);
  std::vector<std::byte> out(size);
  const std::vector<std::uint64_t> order = random_order(bench, count, count);
  const Side rival{{}, [&] {
                     for (const std::uint64_t i : order) {
                       const auto read = must(file->read_at(i * size, out));
                       must_be(read == size && crc32c(out) == pages.crc(i), "a plain read gave other bytes");
                     }
                   }};
  const auto amount = static_cast<double>(order.size() * size) / 1e6;
  compare(bench, size_name(size) + " pages, read", amount, "MB/s",
          {{},
           [&] {
             for (const std::uint64_t i : order) {
               const bool hit = must(store->read(key_of(i, size), pages.crc(i), out));
               must_be(hit && crc32c(out) == pages.crc(i), "the store lost a page");
             }
           }},
          rival);
  must(store->close());
  store.reset();
  async::Timers timers(*bench.clock);
  MetricsRegistry metrics;
  TierOptions options;
  options.disks = {{.path = bench.at("store"), .capacity = capacity, .segment_size = std::uint64_t{1} << 30U}};
  const auto tier =
      must(SegmentTier::open({env::posix_file_system(), *bench.random, timers, metrics, null_logger()}, options));
  compare(bench, size_name(size) + " pages, get from the tier", amount, "MB/s",
          {{}, [&] { must(async::sync_wait(get_all(*tier, pages, size, order, out))); }}, rival);
}

}  // namespace

void measure_writes(const Bench& bench) {
  head("writing, beside pwrite of as many bytes and CRC32C");
  for (const std::uint32_t size : {8 * kib * kib, 256 * kib, 64 * kib}) {
    compare_writes(bench, size, false);
    compare_writes(bench, size, true);
  }
}

void measure_reads(const Bench& bench) {
  head("random reads from the page cache, beside pread and CRC32C");
  for (const std::uint32_t size : {8 * kib * kib, 64 * kib}) {
    compare_reads(bench, size);
    settle(bench, "store");
    settle(bench, "plain");
  }
}

void measure_small_pages(const Bench& bench) {
  constexpr std::uint32_t size = 100;
  constexpr std::uint64_t count = 1'000'000;
  const Pages pages(size, count * size);
  head("1,000,000 pages of 100 bytes, beside pwrite and pread");
  std::unique_ptr<SegmentStore> store;
  std::unique_ptr<env::File> file;
  const Side put{[&] {
                   store.reset();
                   settle(bench, "store");
                   store = open_store(bench, "store", std::uint64_t{20} << 30U);
                 },
                 [&] { append_all(*store, pages, size, count); }};
  const Side write{[&] {
                     file.reset();
                     settle(bench, "plain");
                     file = new_file(bench.at("plain"));
                   },
                   [&] { write_all(*file, pages, size, count); }};
  compare(bench, "put (8 MiB an append; pwritev in as large groups)", count, "pages/s", put, write);
  const std::vector<std::uint64_t> order = random_order(bench, count, count);
  std::vector<std::byte> out(size);
  compare(bench, "get, at random", count, "pages/s",
          {{},
           [&] {
             for (const std::uint64_t i : order) {
               must_be(must(store->read(key_of(i, size), pages.crc(i), out)) && crc32c(out) == pages.crc(i),
                       "the store lost a page");
             }
           }},
          {{}, [&] {
             for (const std::uint64_t i : order) {
               must_be(must(file->read_at(i * size, out)) == size && crc32c(out) == pages.crc(i), "a plain read");
             }
           }});
  store.reset();
  settle(bench, "store");
  settle(bench, "plain");
}

}  // namespace seekfs::segmentstore::bench
