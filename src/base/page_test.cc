// Pages: counted sharing, and memory given back exactly once.
#include "base/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <type_traits>
#include <vector>

namespace seekfs {
namespace {

class CountingMemory final : public PageMemory {
 public:
  void release(std::size_t bytes) noexcept override {
    released_ += bytes;
    ++calls_;
  }
  std::size_t released() const { return released_; }
  int calls() const { return calls_; }

 private:
  std::atomic<std::size_t> released_{0};
  std::atomic<int> calls_{0};
};

static_assert(!std::is_copy_constructible_v<MutablePage> && !std::is_copy_assignable_v<MutablePage>);

PageRef make_page(std::uint32_t size, PageMemory* memory) {
  MutablePage page = MutablePage::allocate(size, memory);
  std::ranges::fill(page.bytes(), std::byte{7});
  return std::move(page).seal();
}

TEST(Page, GivesItsMemoryBackWhenTheLastHolderGoes) {
  CountingMemory memory;
  PageRef first = make_page(100, &memory);
  EXPECT_TRUE(first.is_only_holder());
  PageRef second = first;
  EXPECT_FALSE(first.is_only_holder());
  EXPECT_FALSE(PageRef().is_only_holder());
  PageRef third;
  third = second;
  EXPECT_EQ(first.bytes().data(), third.bytes().data());
  first.reset();
  second = PageRef();
  EXPECT_EQ(memory.calls(), 0);
  EXPECT_EQ(third.size(), 100U);
  EXPECT_EQ(third.bytes()[99], std::byte{7});
  third.reset();
  EXPECT_EQ(memory.calls(), 1);
  EXPECT_EQ(memory.released(), MutablePage::charge(100));
  third.reset();
  EXPECT_EQ(memory.calls(), 1);
}

TEST(Page, MovesWithoutCounting) {
  CountingMemory memory;
  PageRef first = make_page(1, &memory);
  PageRef second = std::move(first);
  EXPECT_TRUE(second);
  PageRef& same = second;
  second = same;  // self-assignment keeps it
  EXPECT_EQ(second.size(), 1U);
  second = make_page(2, &memory);
  EXPECT_EQ(memory.released(), MutablePage::charge(1));
}

TEST(Page, UnsealedPageIsFreedToo) {
  CountingMemory memory;
  {
    const MutablePage page = MutablePage::allocate(10, &memory);
  }
  EXPECT_EQ(memory.released(), MutablePage::charge(10));
}

TEST(Page, MayBeEmptyOrWithoutAMemory) {
  const PageRef none;
  EXPECT_FALSE(none);
  EXPECT_TRUE(none.bytes().empty());
  const PageRef zero = make_page(0, nullptr);
  EXPECT_TRUE(zero);
  EXPECT_TRUE(zero.bytes().empty());
  EXPECT_FALSE(MutablePage());
}

TEST(Page, SliceShowsItsPart) {
  MutablePage page = MutablePage::allocate(10, nullptr);
  for (std::size_t i = 0; i < 10; ++i) page.bytes()[i] = static_cast<std::byte>(i);
  const PageSlice slice{std::move(page).seal(), 3, 4};
  ASSERT_EQ(slice.bytes().size(), 4U);
  EXPECT_EQ(slice.bytes()[0], std::byte{3});
}

TEST(Page, CountsAcrossThreads) {
  CountingMemory memory;
  PageRef shared = make_page(64, &memory);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = shared] {
      for (int round = 0; round < 10'000; ++round) {
        const PageRef again = copy;
        ASSERT_EQ(again.bytes()[63], std::byte{7});
      }
    });
  }
  shared.reset();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  EXPECT_EQ(memory.calls(), 1);
}

}  // namespace
}  // namespace seekfs
