// Sizes and durations: what is taken, what is refused, and that the exact forms come back as the same number.
#include "base/units.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace seekfs {
namespace {

using std::chrono::milliseconds;

TEST(ParseSize, TakesWhatPeopleWrite) {
  const std::vector<std::pair<std::string, std::uint64_t>> good = {{"0", 0},
                                                                   {"4096", 4096},
                                                                   {"1B", 1},
                                                                   {"256KiB", 256 * KiB},
                                                                   {"256kib", 256 * KiB},
                                                                   {"64 MiB", 64 * MiB},
                                                                   {"1.5 GiB", GiB + GiB / 2},
                                                                   {"2MB", 2'000'000},
                                                                   {"2kB", 2000},
                                                                   {"3k", 3 * KiB},
                                                                   {"1TiB", 1024 * GiB},
                                                                   {"1.0", 1},
                                                                   {"0.5KiB", 512},
                                                                   {"0.3KB", 300},
                                                                   {"8191.999999999PiB", 9223372036853649908ULL},
                                                                   {"9223372036854775807", 9223372036854775807ULL}};
  for (const auto& [text, bytes] : good) {
    const auto parsed = parse_size(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseSize, RefusesTheRestAndNamesIt) {
  for (const std::string text : {"",
                                 " ",
                                 "-1",
                                 "+1",
                                 "1 ",
                                 " 1",
                                 "KiB",
                                 "1.KiB",
                                 ".5KiB",
                                 "1..5KiB",
                                 "1,5KiB",
                                 "1KiBs",
                                 "1 K iB",
                                 "1  KiB",
                                 "1e3",
                                 "0x10",
                                 "1.5",
                                 "0.5B",
                                 "9223372036854775808",
                                 "8192PiB",
                                 "18446744073709551616",
                                 "99999999999999999999PiB",
                                 "1.0000000000000000000KiB",
                                 "inf",
                                 "nan",
                                 "1\n",
                                 "1K\t"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
    EXPECT_NE(parsed.error().message.find("'" + text + "'"), std::string::npos) << parsed.error().message;
  }
}

TEST(ParseDuration, TakesWhatPeopleWrite) {
  const std::vector<std::pair<std::string, std::int64_t>> good = {
      {"250ms", 250}, {"10s", 10'000}, {"5m", 300'000},     {"12h", 43'200'000}, {"30d", 2'592'000'000},
      {"1.5s", 1500}, {"0s", 0},       {"0.25 h", 900'000}, {"10S", 10'000},     {"36500d", 3'153'600'000'000}};
  for (const auto& [text, count] : good) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->count(), count) << text;
  }
}

TEST(ParseDuration, RefusesTheRest) {
  for (const std::string_view text :
       {"", "10", "0", "-1s", "s", "10 ", "1y", "1 s ", "36501d", "99999999999999999999d", "1m30s", "1us"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
  }
}

TEST(FormatSize, IsExactAndComesBack) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(262144), "256KiB");
  EXPECT_EQ(format_size(GiB), "1GiB");
  EXPECT_EQ(format_size(1536 * MiB), "1536MiB");
  for (std::uint64_t shift = 0; shift < 63; ++shift) {
    for (const std::uint64_t bytes : {(std::uint64_t{1} << shift) - 1, std::uint64_t{1} << shift,
                                      (std::uint64_t{1} << shift) + (std::uint64_t{1} << shift / 2)}) {
      const auto parsed = parse_size(format_size(bytes));
      ASSERT_TRUE(parsed) << bytes;
      EXPECT_EQ(*parsed, bytes);
    }
  }
}

TEST(FormatSize, ApproximatesForPeople) {
  EXPECT_EQ(format_size_approx(0), "0 B");
  EXPECT_EQ(format_size_approx(1023), "1023 B");
  EXPECT_EQ(format_size_approx(1024), "1.0 KiB");
  EXPECT_EQ(format_size_approx(1'503'238'553), "1.4 GiB");
  EXPECT_EQ(format_size_approx(MiB - 1), "1.0 MiB");
  EXPECT_EQ(format_size_approx(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

TEST(FormatDuration, IsExactAndComesBack) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
  EXPECT_EQ(format_duration(milliseconds(250)), "250ms");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(86'400'000)), "1d");
  for (std::int64_t count = 1; count < 3'000'000'000; count = count * 3 + 1) {
    const auto parsed = parse_duration(format_duration(milliseconds(count)));
    ASSERT_TRUE(parsed) << count;
    EXPECT_EQ(parsed->count(), count);
  }
}

}  // namespace
}  // namespace seekfs
