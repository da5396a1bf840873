// Times that system_clock cannot hold.
#include "base/wall_time.h"

#include <gtest/gtest.h>

namespace seekfs {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

TEST(WallTime, KeepsWhatCanBeReckonedWith) {
  const std::chrono::sys_seconds time = sys_days(year(2026) / 11 / 26) + std::chrono::seconds(5);
  EXPECT_EQ(wall_time(time), time);
}

TEST(WallTime, MovesTheRestToTheNearestOfThose) {
  EXPECT_EQ(wall_time(sys_days(year(9999) / 12 / 31)), sys_days(year(2200) / 1 / 1));
  EXPECT_EQ(wall_time(sys_days(year(1) / 1 / 1)), sys_days(year(1970) / 1 / 1));
}

}  // namespace
}  // namespace seekfs
