// L1 against a model, its capacity, its resistance to scans, and many threads at once.
#include "cache/page_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

#include "cache/lru_testing.h"

namespace seekfs::cache {
namespace {

using manifest::PageKey;

PageKey key_of(std::uint64_t number, std::uint32_t len = 100) {
  PageKey key;
  key.file = sha256("file " + std::to_string(number / 1000));
  key.page_id = static_cast<std::uint32_t>(number % 1000);
  key.off = std::uint64_t{key.page_id} * len;
  key.len = len;
  return key;
}

/// A page whose bytes begin with `mark`.
PageRef page_of(std::uint64_t mark, std::uint32_t len = 100) {
  MutablePage page = MutablePage::allocate(len, nullptr);
  std::ranges::fill(page.bytes(), std::byte{0});
  std::memcpy(page.bytes().data(), &mark, std::min<std::size_t>(len, sizeof mark));
  return std::move(page).seal();
}

std::uint64_t mark_of(const PageRef& page) {
  std::uint64_t mark = 0;
  std::memcpy(&mark, page.bytes().data(), std::min(page.size(), sizeof mark));
  return mark;
}

constexpr std::uint64_t capacity_for(std::uint64_t pages, std::uint32_t len = 100) {
  return pages * MutablePage::charge(len);
}

TEST(PageCache, GivesWhatWasPut) {
  PageCache cache(capacity_for(10));
  EXPECT_FALSE(cache.get(key_of(1)));
  EXPECT_FALSE(cache.contains(key_of(1)));
  const PageRef page = page_of(1);
  cache.put(key_of(1), page);
  EXPECT_TRUE(cache.contains(key_of(1)));
  EXPECT_EQ(cache.get(key_of(1)).bytes().data(), page.bytes().data());
  EXPECT_EQ(cache.stats().pages, 1U);
  EXPECT_EQ(cache.stats().bytes, MutablePage::charge(100));
  cache.remove(key_of(1));
  cache.remove(key_of(1));
  EXPECT_FALSE(cache.get(key_of(1)));
  EXPECT_EQ(cache.stats().bytes, 0U);
  EXPECT_TRUE(page.is_only_holder());
}

TEST(PageCache, EveryFieldOfTheKeyMatters) {
  PageCache cache(capacity_for(100));
  const PageKey key = key_of(1);
  std::vector<PageKey> keys(5, key);
  keys[1].file.bytes[31] ^= std::byte{1};  // beyond what the hash looks at
  keys[2].page_id += 1;
  keys[3].off += 1;
  keys[4].len += 1;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_FALSE(cache.contains(keys[i])) << i;
    cache.put(keys[i], page_of(i));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(mark_of(cache.get(keys[i])), i);
}

TEST(PageCache, AnExistingEntryStays) {
  PageCache cache(capacity_for(10));
  cache.put(key_of(1), page_of(1));
  cache.put(key_of(1), page_of(2));
  EXPECT_EQ(mark_of(cache.get(key_of(1))), 1U);
  EXPECT_EQ(cache.stats().bytes, MutablePage::charge(100));
}

TEST(PageCache, IgnoresEmptyPagesAndThoseLargerThanItself) {
  PageCache cache(capacity_for(10));
  cache.put(key_of(1), page_of(1));
  cache.put(key_of(2), PageRef());
  cache.put(key_of(3, 100'000), page_of(3, 100'000));
  EXPECT_TRUE(cache.contains(key_of(1)));
  EXPECT_EQ(cache.stats().pages, 1U);
  PageCache none(0);
  none.put(key_of(1), page_of(1));
  EXPECT_EQ(none.stats().pages, 0U);
}

TEST(PageCache, AHeldPageOutlivesItsEviction) {
  PageCache cache(capacity_for(1));
  cache.put(key_of(1), page_of(1));
  const PageRef held = cache.get(key_of(1));
  cache.put(key_of(2), page_of(2));
  EXPECT_FALSE(cache.contains(key_of(1)));
  EXPECT_EQ(mark_of(held), 1U);
  EXPECT_EQ(cache.stats().evicted, 1U);
}

TEST(PageCache, LargePagesUseTheWholeCapacity) {
  constexpr std::uint32_t len = 64 << 10;  // far more than a 64th of the capacity
  PageCache cache(capacity_for(5, len) + 1000);
  for (std::uint64_t i = 0; i < 200; ++i) {
    cache.put(key_of(i, len), page_of(i, len));
    EXPECT_TRUE(cache.contains(key_of(i, len)));
    EXPECT_EQ(cache.stats().pages, std::min<std::uint64_t>(i + 1, 5));
    EXPECT_LE(cache.stats().bytes, cache.capacity());
  }
}

TEST(PageCache, ALargePageEvictsManySmallOnes) {
  PageCache cache(capacity_for(1000));
  for (std::uint64_t i = 0; i < 1000; ++i) cache.put(key_of(i), page_of(i));
  EXPECT_EQ(cache.stats().pages, 1000U);
  const auto large = static_cast<std::uint32_t>(capacity_for(1000) - MutablePage::charge(0));
  cache.put(key_of(5000, large), page_of(5000, large));
  EXPECT_TRUE(cache.contains(key_of(5000, large)));
  EXPECT_EQ(cache.stats().pages, 1U);
  EXPECT_EQ(cache.stats().evicted, 1000U);
}

TEST(PageCache, ShrinkGivesUpAboutWhatIsAsked) {
  PageCache cache(capacity_for(1000));
  for (std::uint64_t i = 0; i < 1000; ++i) cache.put(key_of(i), page_of(i));
  for (std::uint64_t i = 0; i < 1000; ++i) {
    for (int use = 0; use < 5; ++use) cache.get(key_of(i));
  }
  cache.shrink(capacity_for(100));
  EXPECT_EQ(cache.stats().pages, 900U);
  cache.shrink(1);
  EXPECT_EQ(cache.stats().pages, 899U);
  cache.shrink(0);
  EXPECT_EQ(cache.stats().pages, 899U);
  cache.shrink(~std::uint64_t{0});
  EXPECT_EQ(cache.stats().pages, 0U);
  EXPECT_EQ(cache.stats().bytes, 0U);
}

TEST(PageCache, GeneratedOperationsAgreeWithAModel) {
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    std::mt19937 random(seed);
    PageCache cache(200'000);
    std::unordered_map<PageKey, std::uint64_t, manifest::PageKeyHash> model;  // what may be there, and with which mark
    for (std::uint64_t step = 0; step < 30'000; ++step) {
      const std::uint64_t number = random() % 600;
      const PageKey key = key_of(number, static_cast<std::uint32_t>(8 + number * 7 % 2000));
      const std::uint32_t what = random() % 100;
      if (what < 40) {
        const bool here = cache.contains(key);
        cache.put(key, page_of(step, key.len));
        if (!here) model[key] = step;
      } else if (what < 85) {
        const bool here = cache.contains(key);
        const PageRef page = cache.get(key);
        ASSERT_EQ(here, static_cast<bool>(page));
        if (page) {
          ASSERT_EQ(page.size(), key.len);
          ASSERT_TRUE(model.contains(key));
          ASSERT_EQ(mark_of(page), model[key]);
        }
      } else if (what < 99) {
        cache.remove(key);
        model.erase(key);
        ASSERT_FALSE(cache.contains(key));
      } else {
        cache.shrink(random() % 20'000);
      }
      ASSERT_LE(cache.stats().bytes, cache.capacity());
    }
    EXPECT_GT(cache.stats().pages, 50U);
    EXPECT_GT(cache.stats().evicted, 100U);
  }
}

bool access(PageCache& cache, std::uint64_t number) {
  if (cache.get(key_of(number, 16))) return true;
  cache.put(key_of(number, 16), page_of(number, 16));
  return false;
}

TEST(PageCache, AScanLeavesTheHotSetAlone) {
  constexpr std::uint64_t pages = 20'000;
  constexpr std::uint64_t hot = pages * 7 / 10;
  PageCache cache(capacity_for(pages, 16));
  PlainLru lru(pages);
  std::mt19937 random(1);
  for (std::uint64_t i = 0; i < hot * 8; ++i) {
    const std::uint64_t number = random() % hot;
    access(cache, number);
    lru.access(number);
  }
  // One long scan of ten times the capacity, with a hot access after every eight pages of it.
  std::uint64_t cache_hits = 0;
  std::uint64_t lru_hits = 0;
  std::uint64_t tries = 0;
  for (std::uint64_t i = 0; i < pages * 10; ++i) {
    access(cache, 1'000'000 + i);
    lru.access(1'000'000 + i);
    if (i % 8 != 0) continue;
    const std::uint64_t number = random() % hot;
    ++tries;
    cache_hits += access(cache, number) ? 1U : 0U;
    lru_hits += lru.access(number) ? 1U : 0U;
  }
  const double cache_ratio = static_cast<double>(cache_hits) / static_cast<double>(tries);
  const double lru_ratio = static_cast<double>(lru_hits) / static_cast<double>(tries);
  EXPECT_GT(cache_ratio, 0.8) << "LRU: " << lru_ratio;
  EXPECT_GT(cache_ratio, lru_ratio + 0.3);
}

TEST(PageCache, WhoComesBackSoonAfterEvictionStays) {
  constexpr std::uint64_t pages = 6400;
  PageCache cache(capacity_for(pages, 16));
  std::mt19937 random(1);
  for (std::uint64_t i = 0; i < pages; ++i) {  // fills the main queue
    for (int use = 0; use < 4; ++use) access(cache, i);
  }
  std::uint64_t next = 1'000'000;
  for (std::uint64_t i = 0; i < pages; ++i) access(cache, next++);
  // Out of the small queue, but remembered: the second time they go where a scan does not reach them.
  const std::uint64_t back = next - pages / 4;
  for (std::uint64_t i = back; i < back + 100; ++i) {
    cache.remove(key_of(i, 16));
    access(cache, i);
  }
  std::uint64_t first_evicted = 2'000'000;
  for (std::uint64_t i = 0; i < pages / 4; ++i) access(cache, first_evicted + i);
  std::uint64_t returned = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    if (!cache.contains(key_of(first_evicted + i, 16))) {
      access(cache, first_evicted + i);
      ++returned;
    }
  }
  ASSERT_GT(returned, 50U);
  for (std::uint64_t i = 0; i < pages / 2; ++i) access(cache, 3'000'000 + i);
  std::uint64_t kept = 0;
  for (std::uint64_t i = 0; i < 100; ++i) kept += cache.contains(key_of(first_evicted + i, 16)) ? 1U : 0U;
  EXPECT_GT(kept, returned * 8 / 10);
}

TEST(PageCache, AnEntryCostsLittle) {
  constexpr std::uint64_t pages = 200'000;
  PageCache cache(capacity_for(pages, 16));
  for (std::uint64_t i = 0; i < pages * 3; ++i) {
    access(cache, i);
    if (i % 2 == 0) {
      access(cache, i);
      access(cache, i);
    }
  }
  ASSERT_GT(cache.stats().pages, pages * 9 / 10);
  EXPECT_LE(cache.overhead_bytes() / cache.stats().pages, 100U);
}

TEST(PageCache, ManyThreadsNeverSeeAWrongPage) {
  PageCache cache(capacity_for(500));
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> hits{0};
  for (std::uint32_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(thread);
      for (int round = 0; round < 20'000; ++round) {
        const std::uint64_t number = random() % 1000;
        const std::uint32_t what = random() % 100;
        if (what < 50) {
          const PageRef page = cache.get(key_of(number));
          if (page) {
            ASSERT_EQ(mark_of(page), number);
            ++hits;
          }
        } else if (what < 90) {
          cache.put(key_of(number), page_of(number));
        } else if (what < 97) {
          cache.remove(key_of(number));
        } else if (what < 99) {
          cache.shrink(1000);
        } else {
          ASSERT_LE(cache.stats().pages, 520U);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(hits.load(), 1000U);
  EXPECT_LE(cache.stats().bytes, cache.capacity());
  cache.shrink(cache.capacity());
  EXPECT_EQ(cache.stats().bytes, 0U);
}

}  // namespace
}  // namespace seekfs::cache
