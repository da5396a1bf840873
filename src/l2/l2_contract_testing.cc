// The cases of the L2 contract. A page's bytes are a function of its whole key, so any test knows what a hit must give.
#include "l2/l2_contract_testing.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "async/sync_wait.h"
#include "base/crc32c.h"

namespace seekfs::l2 {
namespace {

using manifest::PageKey;

std::byte oracle_byte(const PageKey& key, std::size_t at) {
  std::uint64_t word = manifest::mix(key) ^ (key.off * 0x9E3779B97F4A7C15U) ^ (std::uint64_t{key.len} << 32U) ^ at / 8;
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
  word ^= word >> 27U;
  return static_cast<std::byte>(word >> (at % 8 * 8) & 0xFFU);
}

PageKey key_of(std::uint32_t number, std::uint32_t len = 64U << 10U) {
  PageKey key;
  key.file = sha256("file " + std::to_string(number / 16));
  key.page_id = number % 16;
  key.off = std::uint64_t{key.page_id} * len;
  key.len = len;
  return key;
}

PageRef page_of(const PageKey& key) {
  MutablePage page = MutablePage::allocate(key.len, nullptr);
  for (std::size_t i = 0; i < page.size(); ++i) page.bytes()[i] = oracle_byte(key, i);
  return std::move(page).seal();
}

PageFacts facts_of(const PageKey& key) {
  return {.crc32c = crc32c(page_of(key).bytes()), .ns = "contract", .path = "a/file", .hash = "none"};
}

void put_now(L2& l2, const PageKey& key) { l2.put(key, facts_of(key), page_of(key)); }

/// Whether it is a hit; a hit with other bytes than the key's own fails the test.
bool hit_now(L2& l2, const PageKey& key) {
  std::vector<std::byte> out(key.len);
  const Result<bool> result = async::sync_wait(l2.get(key, facts_of(key), out));
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return false;
  }
  if (!*result) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != oracle_byte(key, i)) {
      ADD_FAILURE() << "byte " << i << " of page " << key.page_id << " is not its own";
      return true;
    }
  }
  return true;
}

/// The same while nobody else changes the tier: what it hits, it must have announced.
bool hit(L2& l2, const PageKey& key) {
  const bool announced = l2.may_contain(key, facts_of(key));
  const bool found = hit_now(l2, key);
  EXPECT_TRUE(announced || !found) << "may_contain was false for a page that is here";
  return found;
}

void settle(const L2Subject& subject, L2& l2) {
  if (subject.settle) subject.settle(l2);
}

void put(const L2Subject& subject, L2& l2, const PageKey& key) {
  put_now(l2, key);
  settle(subject, l2);
}

void misses_when_empty(const L2Subject& subject) {
  const auto l2 = subject.make(subject.roomy);
  EXPECT_TRUE(l2->enabled());
  EXPECT_FALSE(hit(*l2, key_of(1)));
  const L2Stats stats = l2->stats();
  EXPECT_EQ(stats.pages, 0U);
  EXPECT_EQ(stats.written_bytes, 0U);
  EXPECT_LE(stats.capacity_bytes, subject.roomy);
}

void gives_back_what_was_put(const L2Subject& subject) {
  const auto l2 = subject.make(subject.roomy);
  std::uint32_t number = 0;
  for (const std::uint32_t len : {1U, 127U, 4095U, 4096U, 4097U, 65535U, 65536U, 65537U, 1U << 20U}) {
    put(subject, *l2, key_of(++number, len));
  }
  number = 0;
  for (const std::uint32_t len : {1U, 127U, 4095U, 4096U, 4097U, 65535U, 65536U, 65537U, 1U << 20U}) {
    EXPECT_TRUE(hit(*l2, key_of(++number, len))) << len;
    EXPECT_TRUE(hit(*l2, key_of(number, len))) << len << " once more";
  }
  EXPECT_EQ(l2->stats().pages, number);
  EXPECT_GE(l2->stats().bytes, 1U << 20U);
  EXPECT_GE(l2->stats().written_bytes, 1U << 20U);
}

/// Keys that differ from `key` in one field each.
std::vector<PageKey> neighbours(const PageKey& key) {
  std::vector<PageKey> keys;
  for (std::size_t i = 0; i < key.file.bytes.size(); ++i) {
    keys.push_back(key);
    keys.back().file.bytes[i] ^= std::byte{1};
  }
  for (const std::uint32_t bit : {0U, 7U, 15U, 31U}) {
    keys.push_back(key);
    keys.back().page_id ^= 1U << bit;
  }
  for (const unsigned bit : {0U, 12U, 31U, 32U, 62U}) {
    keys.push_back(key);
    keys.back().off ^= std::uint64_t{1} << bit;
  }
  for (const std::uint32_t bit : {0U, 5U, 11U}) {
    keys.push_back(key);
    keys.back().len ^= 1U << bit;
  }
  return keys;
}

void every_field_of_the_key_matters(const L2Subject& subject) {
  const auto l2 = subject.make(subject.roomy);
  const PageKey key = key_of(1, 8192);
  const std::vector<PageKey> others = neighbours(key);
  put(subject, *l2, key);
  for (const PageKey& other : others) EXPECT_FALSE(hit(*l2, other));
  for (const PageKey& other : others) put(subject, *l2, other);
  for (const PageKey& other : others) EXPECT_TRUE(hit(*l2, other));
  EXPECT_TRUE(hit(*l2, key));
  for (const PageKey& other : others) l2->remove(other);
  for (const PageKey& other : others) EXPECT_FALSE(hit(*l2, other));
  EXPECT_TRUE(hit(*l2, key));
}

void forgets_what_was_removed(const L2Subject& subject) {
  const auto l2 = subject.make(subject.roomy);
  put(subject, *l2, key_of(1));
  put(subject, *l2, key_of(2));
  l2->remove(key_of(1));
  l2->remove(key_of(1));
  l2->remove(key_of(3));
  EXPECT_FALSE(hit(*l2, key_of(1)));
  EXPECT_FALSE(l2->may_contain(key_of(1), facts_of(key_of(1))));
  EXPECT_TRUE(hit(*l2, key_of(2)));
  EXPECT_EQ(l2->stats().pages, 1U);
  put(subject, *l2, key_of(1));
  EXPECT_TRUE(hit(*l2, key_of(1)));
}

void putting_twice_is_putting_once(const L2Subject& subject) {
  const auto l2 = subject.make(subject.roomy);
  put(subject, *l2, key_of(1));
  const L2Stats once = l2->stats();
  put(subject, *l2, key_of(1));
  EXPECT_EQ(l2->stats().pages, 1U);
  EXPECT_EQ(l2->stats().bytes, once.bytes);
  EXPECT_TRUE(hit(*l2, key_of(1)));
}

void refuses_bytes_that_do_not_fit_the_key(const L2Subject& subject) {
  const auto l2 = subject.make(subject.roomy);
  l2->put(key_of(1, 4096), facts_of(key_of(1, 4095)), page_of(key_of(1, 4095)));
  l2->put(key_of(2, 4096), {}, PageRef());
  settle(subject, *l2);
  EXPECT_FALSE(hit(*l2, key_of(1, 4096)));
  EXPECT_FALSE(hit(*l2, key_of(1, 4095)));
  EXPECT_FALSE(hit(*l2, key_of(2, 4096)));
}

void stays_within_its_capacity(const L2Subject& subject) {
  const auto l2 = subject.make(subject.tight);
  constexpr std::uint32_t count = 200;
  for (std::uint32_t i = 0; i < count; ++i) {
    put(subject, *l2, key_of(i));
    ASSERT_LE(l2->stats().bytes, subject.tight) << i;
  }
  std::uint64_t held = 0;
  for (std::uint32_t i = 0; i < count; ++i) held += hit(*l2, key_of(i)) ? 1U : 0U;
  EXPECT_GT(held, 0U);
  EXPECT_LE(held * (64U << 10U), subject.tight);
  EXPECT_EQ(held, l2->stats().pages);
  EXPECT_GT(l2->stats().evicted_pages, 0U);
}

void drops_a_page_larger_than_itself(const L2Subject& subject) {
  const auto l2 = subject.make(subject.tight);
  put(subject, *l2, key_of(1, 4096));
  const PageKey large = key_of(2, static_cast<std::uint32_t>(subject.tight));
  put(subject, *l2, large);
  EXPECT_FALSE(hit(*l2, large));
  EXPECT_LE(l2->stats().bytes, subject.tight);
}

void lets_go_of_pages_at_its_end(const L2Subject& subject) {
  auto l2 = subject.make(subject.roomy);
  const PageRef page = page_of(key_of(1));
  l2->put(key_of(1), facts_of(key_of(1)), page);
  l2.reset();
  EXPECT_TRUE(page.is_only_holder());
}

void serves_many_threads(const L2Subject& subject) {
  const auto l2 = subject.make(subject.tight);
  std::atomic<std::uint64_t> hits{0};
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(thread);
      for (int round = 0; round < 300; ++round) {
        const PageKey key = key_of(random() % 40, 32U << 10U);
        const std::uint32_t what = random() % 10;
        if (what < 4) {
          put_now(*l2, key);
        } else if (what == 4) {
          l2->remove(key);
        } else if (hit_now(*l2, key)) {
          ++hits;
        }
        if (round % 50 == 0) {
          EXPECT_LE(l2->stats().bytes, subject.tight);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  settle(subject, *l2);
  EXPECT_GT(hits.load(), 0U);
  EXPECT_LE(l2->stats().bytes, subject.tight);
}

void reads_a_page_that_is_being_evicted(const L2Subject& subject) {
  const auto l2 = subject.make(subject.tight);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) hit_now(*l2, key_of(0));
  });
  for (std::uint32_t round = 0; round < 30; ++round) {
    put_now(*l2, key_of(0));
    for (std::uint32_t i = 1; i < 20; ++i) {
      const PageKey key = key_of(round * 20 + i);
      put_now(*l2, key);
    }
  }
  done = true;
  reader.join();
  settle(subject, *l2);
  EXPECT_GT(l2->stats().evicted_pages, 0U);
}

}  // namespace

std::vector<L2ContractCase> l2_contract_cases() {
  return {{"MissesWhenEmpty", misses_when_empty},
          {"GivesBackWhatWasPut", gives_back_what_was_put},
          {"EveryFieldOfTheKeyMatters", every_field_of_the_key_matters},
          {"ForgetsWhatWasRemoved", forgets_what_was_removed},
          {"PuttingTwiceIsPuttingOnce", putting_twice_is_putting_once},
          {"RefusesBytesThatDoNotFitTheKey", refuses_bytes_that_do_not_fit_the_key},
          {"StaysWithinItsCapacity", stays_within_its_capacity},
          {"DropsAPageLargerThanItself", drops_a_page_larger_than_itself},
          {"LetsGoOfPagesAtItsEnd", lets_go_of_pages_at_its_end},
          {"ServesManyThreads", serves_many_threads},
          {"ReadsAPageThatIsBeingEvicted", reads_a_page_that_is_being_evicted}};
}

std::string l2_contract_name(const testing::TestParamInfo<L2ContractCase>& info) { return info.param.name; }

std::ostream& operator<<(std::ostream& out, const L2ContractCase& one) { return out << one.name; }

}  // namespace seekfs::l2
