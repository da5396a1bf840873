// Random numbers: seeds repeat, ranges hold, threads do not disturb each other.
#include "env/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <thread>
#include <vector>

namespace seekfs::env {
namespace {

TEST(SeededRandom, RepeatsItsSequence) {
  const auto one = make_seeded_random(42);
  const auto two = make_seeded_random(42);
  const auto other = make_seeded_random(43);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = one->next();
    EXPECT_EQ(value, two->next());
    differs = differs || value != other->next();
  }
  EXPECT_TRUE(differs);
}

TEST(SeededRandom, IsSplitMix64) {
  // The first outputs for seed 1234567 of the reference implementation (Vigna, splitmix64.c).
  const auto random = make_seeded_random(1234567);
  EXPECT_EQ(random->next(), 6457827717110365317U);
  EXPECT_EQ(random->next(), 3203168211198807973U);
  EXPECT_EQ(random->next(), 9817491932198370423U);
}

TEST(SeededRandom, GivesThreadsDifferentNumbers) {
  const auto random = make_seeded_random(1);
  std::array<std::vector<std::uint64_t>, 4> drawn;
  {
    std::vector<std::jthread> threads;
    for (auto& mine : drawn) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) mine.push_back(random->next());
      });
    }
  }
  std::set<std::uint64_t> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 4000U);
}

TEST(Random, BelowCoversItsRangeEvenly) {
  const auto random = make_seeded_random(7);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random->below(7));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(random->below(1), 0U);
  constexpr std::uint64_t large = (std::uint64_t{1} << 63) + 1;
  for (int i = 0; i < 100; ++i) EXPECT_LT(random->below(large), large);
}

TEST(SystemRandom, DoesNotRepeat) {
  const auto random = make_system_random();
  std::set<std::uint64_t> drawn;
  for (int i = 0; i < 1000; ++i) drawn.insert(random->next());
  EXPECT_EQ(drawn.size(), 1000U);
}

}  // namespace
}  // namespace seekfs::env
