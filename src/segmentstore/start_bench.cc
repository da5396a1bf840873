// How long a store takes to open, and what its index costs in RAM and on disk.
#include <malloc.h>

#include <filesystem>

#include "env/process.h"
#include "segmentstore/bench_rounds.h"

namespace seekfs::segmentstore::bench {
namespace {

constexpr std::uint32_t page_size = 100;
constexpr std::uint64_t capacity = std::uint64_t{20} << 30U;

void fill(const Bench& bench, std::uint64_t count) {
  const Pages pages(page_size, 1U << 20U);
  const auto store = open_store(bench, "store", capacity);
  std::vector<NewPage> batch;
  for (std::uint64_t i = 0; i < count; ++i) {
    batch.push_back({key_of(i, page_size), pages.crc(i), pages.page(i)});
    if (batch.size() < 50'000 && i + 1 < count) continue;
    must(store->append(batch));
    batch.clear();
  }
  must(store->close());
}

std::uint64_t bytes_below(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

/// The rival of a start: every byte of the index's files, read one after the other.
void read_below(const std::string& path) {
  std::vector<std::byte> buffer(1U << 20U);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    const auto file = must(env::posix_file_system().open(entry.path().string(), {}));
    std::uint64_t at = 0;
    while (const std::size_t read = must(file->read_at(at, buffer))) at += read;
  }
}

std::uint64_t resident() {
  ::malloc_trim(0);
  return env::process_usage().resident_bytes;
}

void memory_of(const Bench& bench, std::uint64_t count) {
  const std::uint64_t before = resident();
  const auto store = open_store(bench, "store", capacity);
  const auto pages = static_cast<double>(count);
  const auto grown = static_cast<double>(resident() - before) / pages;
  const auto counted = static_cast<double>(store->stats().index_bytes) / pages;
  const auto on_disk = static_cast<double>(bytes_below(bench.at("store") + "/index")) / pages;
  constexpr double large_cache_pages = 30e12 / 262'144;
  figure(fmt::format("index of {} pages, RAM", count),
         fmt::format("{:.1f} bytes a page counted, {:.1f} by RSS; 30 TB of 256 KiB pages: {:.2f} GB", counted, grown,
                     std::max(grown, counted) * large_cache_pages / 1e9));
  figure(fmt::format("index of {} pages, disk", count),
         fmt::format("{:.1f} bytes a page; 30 TB of 256 KiB pages: {:.2f} GB", on_disk,
                     on_disk * large_cache_pages / 1e9));
}

void starts_of(const Bench& bench, std::uint64_t count, bool without_index) {
  std::vector<double> took;
  std::vector<double> read;
  const std::string index = bench.at("store") + "/index";
  for (int round = 0; round < bench.rounds; ++round) {
    if (without_index) remove_tree(index);
    std::unique_ptr<SegmentStore> store;
    took.push_back(seconds_of(bench, [&] { store = open_store(bench, "store", capacity); }));
    must_be(store->stats().pages == count, "the store lost pages over a start");
    if (!without_index) read.push_back(seconds_of(bench, [&] { read_below(index); }));
  }
  const auto [least, most] = std::ranges::minmax(took);
  std::string text = fmt::format("{:.3f} s ({:.3f} to {:.3f})", median(took), least, most);
  if (!without_index) text += fmt::format("; reading the index's files alone {:.3f} s", median(read));
  figure(fmt::format("start with {} pages, {}", count, without_index ? "index removed" : "after a clean end"), text);
}

}  // namespace

void measure_starts(const Bench& bench) {
  fmt::print("\nstarts and the index (files in the page cache)\n");
  for (const std::uint64_t count : {1'000'000U, 10'000'000U}) {
    fill(bench, count);
    memory_of(bench, count);
    starts_of(bench, count, false);
    if (count == 1'000'000U) starts_of(bench, count, true);
    remove_tree(bench.at("store"));
  }
}

}  // namespace seekfs::segmentstore::bench
