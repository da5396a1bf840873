// The test's pages and short ways to put and get them.
#include "segmentstore/segment_store_testing.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/crc32c.h"

namespace seekfs::segmentstore {
namespace {

std::uint64_t word_of(const manifest::PageKey& key, std::size_t at) {
  std::uint64_t word = manifest::mix(key) ^ key.off ^ (std::uint64_t{key.len} << 40U) ^ at * 0x9E3779B97F4A7C15U;
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
  return word ^ (word >> 27U);
}

}  // namespace

manifest::PageKey test_key(std::uint32_t number, std::uint32_t length) {
  manifest::PageKey key;
  key.file = sha256("file " + std::to_string(number / 8));
  key.page_id = number % 8;
  key.off = std::uint64_t{key.page_id} * length;
  key.len = length;
  return key;
}

PageRef test_bytes(const manifest::PageKey& key) {
  MutablePage page = MutablePage::allocate(key.len, nullptr);
  const std::span<std::byte> bytes = page.bytes();
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = word_of(key, at);
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
  }
  return std::move(page).seal();
}

std::uint32_t test_crc(const manifest::PageKey& key) { return crc32c(test_bytes(key).bytes()); }

NewPage test_page(const manifest::PageKey& key) {
  PageRef page = test_bytes(key);
  const std::uint32_t crc = crc32c(page.bytes());
  return {key, crc, std::move(page)};
}

Status put(SegmentStore& store, const manifest::PageKey& key) {
  const NewPage page = test_page(key);
  return store.append({&page, 1});
}

bool hit(SegmentStore& store, const manifest::PageKey& key) {
  const NewPage expected = test_page(key);
  std::vector<std::byte> out(key.len);
  const auto found = store.read(key, expected.crc32c, out);
  if (!found || !*found) return false;
  if (crc32c(out) != expected.crc32c) {
    store.remove(key);
    return false;
  }
  EXPECT_TRUE(std::ranges::equal(out, expected.page.bytes())) << "page " << key.page_id << " is not its own";
  return true;
}

StoreOptions small_store(std::uint64_t capacity) {
  return {.path = "/l2", .capacity = capacity, .segment_size = 64U << 10U};
}

std::unique_ptr<SegmentStore> open_store(env::FileSystem& files, const StoreOptions& options) {
  static const std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  auto store = SegmentStore::open({files, *random, null_logger()}, options);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

}  // namespace seekfs::segmentstore
