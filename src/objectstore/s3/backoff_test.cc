// Pauses between tries: uniform in a range that doubles up to a ceiling, and what a server's wish changes.
#include "objectstore/s3/backoff.h"

#include <gtest/gtest.h>

#include <limits>

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t half = std::uint64_t{1} << 63;
constexpr BackoffPolicy policy;

/// The end of the range of the pause before this retry.
milliseconds ceiling(RetryKind kind, std::uint32_t retry) {
  return 2 * backoff(policy, kind, retry, half, std::nullopt);
}

TEST(Backoff, IsAnyPartOfTheRange) {
  EXPECT_EQ(backoff(policy, RetryKind::transient, 0, 0, std::nullopt), milliseconds(0));
  EXPECT_EQ(backoff(policy, RetryKind::transient, 0, half / 2, std::nullopt), milliseconds(25));
  EXPECT_EQ(backoff(policy, RetryKind::transient, 0, half, std::nullopt), milliseconds(50));
  EXPECT_EQ(backoff(policy, RetryKind::transient, 0, half + half / 2, std::nullopt), milliseconds(75));
  EXPECT_LE(backoff(policy, RetryKind::transient, 0, most, std::nullopt), milliseconds(100));
  EXPECT_EQ(backoff(policy, RetryKind::throttled, 3, 0, std::nullopt), milliseconds(0));
}

TEST(Backoff, DoublesFromARetryToTheNext) {
  for (std::uint32_t retry = 0; retry < 7; ++retry) {
    EXPECT_EQ(ceiling(RetryKind::transient, retry), milliseconds(100 << retry)) << retry;
  }
  for (std::uint32_t retry = 0; retry < 5; ++retry) {
    EXPECT_EQ(ceiling(RetryKind::throttled, retry), milliseconds(1000 << retry)) << retry;
  }
}

TEST(Backoff, NeverExceedsItsCeilingHoweverManyRetriesThereWere) {
  for (const std::uint32_t retry : {8U, 31U, 32U, 64U, std::numeric_limits<std::uint32_t>::max()}) {
    EXPECT_EQ(ceiling(RetryKind::transient, retry), milliseconds(20'000)) << retry;
    EXPECT_EQ(ceiling(RetryKind::throttled, retry), milliseconds(20'000)) << retry;
    EXPECT_LE(backoff(policy, RetryKind::throttled, retry, most, std::nullopt), milliseconds(20'000)) << retry;
  }
  constexpr BackoffPolicy small{.transient_base = milliseconds(100), .longest = milliseconds(30)};
  EXPECT_EQ(backoff(small, RetryKind::transient, 0, half, std::nullopt), milliseconds(15));
}

TEST(Backoff, HonoursAWishThatIsLongerUpToFiveSecondsMore) {
  const auto with_wish = [](milliseconds wish) { return backoff(policy, RetryKind::throttled, 0, half, wish); };
  EXPECT_EQ(with_wish(milliseconds(0)), milliseconds(500));
  EXPECT_EQ(with_wish(milliseconds(499)), milliseconds(500));
  EXPECT_EQ(with_wish(milliseconds(501)), milliseconds(501));
  EXPECT_EQ(with_wish(milliseconds(5500)), milliseconds(5500));
  EXPECT_EQ(with_wish(milliseconds(5501)), milliseconds(5500));
  EXPECT_EQ(with_wish(milliseconds::max()), milliseconds(5500));
  // The ceiling is of what was computed: a wish comes on top of it.
  EXPECT_EQ(backoff(policy, RetryKind::throttled, 9, half, milliseconds(60'000)), milliseconds(15'000));
}

}  // namespace
}  // namespace seekfs::objectstore::s3
