// What the tests of the tier share: pages whose bytes follow from their number, and calls that wait.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "l2/l2.h"

namespace seekfs::segmentstore {

inline constexpr std::uint64_t tier_page_size = 1000;

inline manifest::PageKey tier_key(std::uint32_t number,
                                  std::uint32_t size = static_cast<std::uint32_t>(tier_page_size)) {
  manifest::PageKey key;
  key.file = sha256("file " + std::to_string(number / 8));
  key.page_id = number;  // unique by itself, so that it names a legacy page too
  key.off = std::uint64_t{key.page_id} * size;
  key.len = size;
  return key;
}

inline std::vector<std::byte> tier_bytes(const manifest::PageKey& key) {
  std::vector<std::byte> bytes(key.len);
  std::uint64_t word = manifest::mix(key) | 1U;
  for (std::byte& one : bytes) {
    word = word * 6364136223846793005U + 1442695040888963407U;
    one = static_cast<std::byte>(word >> 56U);
  }
  return bytes;
}

inline PageRef tier_page(const manifest::PageKey& key) {
  MutablePage page = MutablePage::allocate(key.len, nullptr);
  std::ranges::copy(tier_bytes(key), page.bytes().begin());
  return std::move(page).seal();
}

inline l2::PageFacts tier_facts(const manifest::PageKey& key) {
  return {.crc32c = crc32c(tier_bytes(key)), .ns = "data", .path = "train/a.bin", .hash = "00ff"};
}

inline void put_to(l2::L2& tier, const manifest::PageKey& key) { tier.put(key, tier_facts(key), tier_page(key)); }

/// A hit must have the page's own bytes.
inline Result<bool> get_from(l2::L2& tier, const manifest::PageKey& key) {
  std::vector<std::byte> out(key.len);
  Result<bool> hit = async::sync_wait(tier.get(key, tier_facts(key), out));
  if (hit && *hit) EXPECT_TRUE(out == tier_bytes(key)) << "page " << key.page_id << " has other bytes";
  return hit;
}

inline bool is_hit(l2::L2& tier, const manifest::PageKey& key) {
  const Result<bool> hit = get_from(tier, key);
  return hit && *hit;
}

}  // namespace seekfs::segmentstore
