// When a reader does better with a GET of its own, and what the flight table knows of the GET that brings a page.
#include "fetch/far_behind.h"

#include <gtest/gtest.h>

#include "fetch/flight_table.h"

namespace seekfs::fetch {
namespace {

using std::chrono::milliseconds;
constexpr std::uint64_t mib = 1U << 20U;

TEST(FarBehind, ComparesThePaceWithAFreshGet) {
  const GetPace pace{.received = 2 * mib, .elapsed = milliseconds(200)};  // 10 MiB a second
  EXPECT_FALSE(is_far_behind(3 * mib, pace, milliseconds(20), milliseconds(300)));
  EXPECT_TRUE(is_far_behind(4 * mib, pace, milliseconds(20), milliseconds(300)));
  EXPECT_FALSE(is_far_behind(4 * mib, pace, milliseconds(120), milliseconds(300)));
  EXPECT_FALSE(is_far_behind(4 * mib, pace, milliseconds(20), milliseconds(400)));
}

TEST(FarBehind, NeedsToKnowThePace) {
  EXPECT_FALSE(is_far_behind(1000 * mib, {}, milliseconds(0), milliseconds(0)));
  EXPECT_FALSE(is_far_behind(1000 * mib, {.received = mib - 1, .elapsed = milliseconds(10'000)}, milliseconds(0),
                             milliseconds(0)));
  EXPECT_TRUE(
      is_far_behind(1000 * mib, {.received = mib, .elapsed = milliseconds(10'000)}, milliseconds(0), milliseconds(0)));
}

TEST(FarBehind, ProgressIsCountedFromTheFirstByte) {
  env::ManualClock clock;
  GetProgress progress(clock);
  clock.advance(milliseconds(50));
  EXPECT_EQ(progress.pace().received, 0U);
  progress.add(10);
  clock.advance(milliseconds(70));
  progress.add(20);
  EXPECT_EQ(progress.pace().received, 30U);
  EXPECT_EQ(progress.pace().elapsed, milliseconds(70));
}

TEST(FarBehind, OneCallerFetchesThePageByItself) {
  env::ManualClock clock;
  FlightTable table;
  const manifest::PageKey key{.file = {}, .page_id = 1, .off = 10, .len = 10};
  EXPECT_FALSE(table.ride(key));
  table.board(key, {.get = std::make_shared<GetProgress>(clock), .end = 20});
  EXPECT_FALSE(table.ride(key)) << "it is not in flight";
  const auto reader = table.join(key);
  table.board(key, {.get = std::make_shared<GetProgress>(clock), .end = 20});
  ASSERT_TRUE(table.ride(key));
  EXPECT_EQ(table.ride(key)->end, 20U);
  EXPECT_TRUE(table.leave_ride(key));
  EXPECT_FALSE(table.leave_ride(key));
  EXPECT_FALSE(table.ride(key));
}

TEST(FarBehind, TheGetIsToldOfReadersOnDemand) {
  env::ManualClock clock;
  FlightTable table;
  const auto key = [](std::uint32_t id) { return manifest::PageKey{.file = {}, .page_id = id, .off = 0, .len = 10}; };
  const auto get = std::make_shared<GetProgress>(clock);
  const auto before = table.join(key(2));
  for (const std::uint32_t id : {0U, 1U, 3U}) table.keep(key(id));
  for (std::uint32_t id = 0; id < 4; ++id) table.board(key(id), {.get = get, .end = 0, .index = id});
  EXPECT_EQ(get->take_joined(), 3U) << "one who had joined before";
  EXPECT_EQ(get->take_joined(), 0U);
  const auto hint = table.join(key(3), false);
  EXPECT_EQ(get->take_joined(), 0U);
  const auto last = table.join(key(1));
  const auto first = table.join(key(0));
  EXPECT_EQ(get->take_joined(), 2U);
}

}  // namespace
}  // namespace seekfs::fetch
