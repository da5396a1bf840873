// The L2 contract on `mem`, what `mem` promises beyond it, and `none`.
#include "l2/l2.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "async/sync_wait.h"
#include "l2/l2_contract_testing.h"

namespace seekfs::l2 {
namespace {

using manifest::PageKey;

class MemContract : public testing::TestWithParam<L2ContractCase> {};
TEST_P(MemContract, Holds) { GetParam().run({.make = make_mem}); }
INSTANTIATE_TEST_SUITE_P(L2, MemContract, testing::ValuesIn(l2_contract_cases()), l2_contract_name);

PageKey key_of(std::uint32_t page_id) {
  PageKey key;
  key.page_id = page_id;
  key.len = 1000;
  return key;
}

void put(L2& l2, const PageKey& key) {
  MutablePage page = MutablePage::allocate(key.len, nullptr);
  std::ranges::fill(page.bytes(), std::byte{1});
  l2.put(key, {}, std::move(page).seal());
}

bool hit(L2& l2, const PageKey& key) {
  std::vector<std::byte> out(key.len);
  const Result<bool> result = async::sync_wait(l2.get(key, {}, out));
  return result && *result;
}

TEST(Mem, EvictsInOrderOfArrivalButSparesWhatWasRead) {
  const auto l2 = make_mem(10'000);
  std::uint32_t fit = 0;
  while (l2->stats().evicted_pages == 0) put(*l2, key_of(fit++));
  --fit;  // the last one pushed the first out
  EXPECT_FALSE(hit(*l2, key_of(0)));
  EXPECT_FALSE(l2->may_contain(key_of(0), {}));
  EXPECT_TRUE(l2->may_contain(key_of(2), {}));  // and that is no read
  EXPECT_TRUE(hit(*l2, key_of(1)));
  put(*l2, key_of(100));
  EXPECT_TRUE(hit(*l2, key_of(1)));
  EXPECT_FALSE(hit(*l2, key_of(2)));
  EXPECT_EQ(l2->stats().pages, fit);
}

TEST(Mem, CountsOverheadInItsCapacity) {
  const auto l2 = make_mem(1000);
  put(*l2, key_of(1));  // 1,000 bytes alone would fit
  EXPECT_EQ(l2->stats().pages, 0U);
  const auto zero = make_mem(0);
  put(*zero, key_of(1));
  EXPECT_EQ(zero->stats().bytes, 0U);
}

TEST(Mem, CopiesSoThatThePageIsFreeAtOnce) {
  const auto l2 = make_mem(10'000);
  MutablePage page = MutablePage::allocate(1000, nullptr);
  std::ranges::fill(page.bytes(), std::byte{1});
  const PageRef held = std::move(page).seal();
  l2->put(key_of(1), {}, held);
  EXPECT_TRUE(held.is_only_holder());
  EXPECT_TRUE(hit(*l2, key_of(1)));
}

TEST(None, KeepsNothing) {
  const auto l2 = make_none();
  EXPECT_FALSE(l2->enabled());
  put(*l2, key_of(1));
  EXPECT_FALSE(hit(*l2, key_of(1)));
  EXPECT_FALSE(l2->may_contain(key_of(1), {}));
  l2->remove(key_of(1));
  EXPECT_EQ(l2->stats().pages, 0U);
  EXPECT_EQ(l2->stats().capacity_bytes, 0U);
}

}  // namespace
}  // namespace seekfs::l2
