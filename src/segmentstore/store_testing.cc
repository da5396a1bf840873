// Oracle pages, verified reads, and the opening of stores in tests.
#include "segmentstore/store_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/crc32c.h"

namespace seekfs::segmentstore {

void fill_from_key(const manifest::PageKey& key, std::span<std::byte> out) {
  // The finalizer of SplitMix64 over a counter.
  std::uint64_t state = manifest::mix(key) ^ (key.off * 0x9E3779B97F4A7C15U) ^ key.len;
  while (!out.empty()) {
    std::uint64_t word = state += 0x9E3779B97F4A7C15U;
    word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
    word ^= word >> 31U;
    const std::size_t count = std::min(out.size(), sizeof word);
    std::memcpy(out.data(), &word, count);
    out = out.subspan(count);
  }
}

NewPage make_test_page(std::uint64_t id, std::uint32_t length) {
  NewPage page;
  page.key.file = manifest::make_file_key("demo", fmt::format("file-{}", id / 16), "0123456789abcdef");
  page.key.page_id = static_cast<std::uint32_t>(id % 16);
  page.key.off = (id % 16) * (std::uint64_t{1} << 20U);
  page.key.len = length;
  MutablePage bytes = MutablePage::allocate(length, nullptr);
  fill_from_key(page.key, bytes.bytes());
  page.page = std::move(bytes).seal();
  page.crc32c = crc32c(page.page.bytes());
  page.tenant = id % 5;  // every fifth is of nobody knows whom
  return page;
}

std::vector<NewPage> make_test_pages(std::uint64_t count, std::uint32_t longest, std::uint64_t seed) {
  const auto random = env::make_seeded_random(seed);
  std::vector<NewPage> pages;
  for (std::uint64_t id = 0; id < count; ++id) {
    // Uniform in the number of bits, then in the length.
    const std::uint64_t top = 1 + random->below(std::bit_width(longest));
    const std::uint64_t below = id % 2 == 1 ? longest : std::min<std::uint64_t>(longest, std::uint64_t{1} << top);
    pages.push_back(make_test_page(id, static_cast<std::uint32_t>(1 + random->below(below))));
  }
  return pages;
}

Result<TestRead> read_test_page(SegmentStore& store, const NewPage& page, bool without_waiting) {
  std::vector<std::byte> out(page.key.len);
  bool hit = false;
  if (without_waiting) {
    SEEKFS_ASSIGN(const ReadOutcome outcome, store.try_read(page.key, page.crc32c, out));
    if (outcome == ReadOutcome::would_block) return read_test_page(store, page, false);
    hit = outcome == ReadOutcome::hit;
  } else {
    SEEKFS_ASSIGN(hit, store.read(page.key, page.crc32c, out));
  }
  if (!hit) return TestRead::miss;
  if (crc32c(out) != page.crc32c) return TestRead::corrupt;
  std::vector<std::byte> expected(page.key.len);
  fill_from_key(page.key, expected);
  EXPECT_TRUE(out == expected) << "bytes of another page passed the CRC";
  return TestRead::hit;
}

StoreForTest::StoreForTest(env::FileSystem& files, StoreOptions options, std::uint64_t seed)
    : files_(files), options_(std::move(options)), random_(env::make_seeded_random(seed)) {}

Status StoreForTest::open() {
  store_.reset();
  SEEKFS_ASSIGN(store_, SegmentStore::open({files_, *random_, null_logger()}, options_));
  return {};
}

TestRead StoreForTest::read(const NewPage& page) {
  const Result<TestRead> read = read_test_page(*store_, page);
  EXPECT_TRUE(read) << read.error().message;
  return read.value_or(TestRead::miss);
}

StoreOptions tiny_store() {
  return {.path = "/store", .capacity = SegmentStore::min_capacity, .segment_size = 64U << 10U};
}

std::uint64_t bytes_on_disk(env::FileSystem& files, const std::string& path) {
  const auto info = files.lstat(path);
  if (!info) return 0;
  std::uint64_t bytes = info->allocated;
  if (info->type != env::FileType::directory) return bytes;
  const auto entries = files.list(path);
  if (!entries) return bytes;
  for (const env::DirectoryEntry& entry : *entries) {
    bytes += bytes_on_disk(files, path + "/" + entry.name);
  }
  return bytes;
}

std::vector<std::string> segment_files(env::FileSystem& files, const std::string& path) {
  std::vector<std::string> names;
  const auto entries = files.list(path);
  if (!entries) return names;
  for (const env::DirectoryEntry& entry : *entries) {
    if (entry.name.starts_with("data-") && entry.name.ends_with(".seg") && entry.type == env::FileType::regular) {
      names.push_back(entry.name);
    }
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace seekfs::segmentstore
