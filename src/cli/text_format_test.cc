// Tables, times, names and progress lines as they are printed.
#include "cli/text_format.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "cli/console.h"

namespace seekfs::cli {
namespace {

TEST(TextFormat, AlignsColumnsByCharacters) {
  Table table({{"NAME"}, {"SIZE", Align::right}, {"NOTE"}});
  table.add({"a", "5", "x"});
  table.add({"żółw", "1234567", ""});
  EXPECT_EQ(table.to_string(),
            "NAME     SIZE  NOTE\n"
            "a           5  x\n"
            "żółw  1234567\n");
}

TEST(TextFormat, WritesLocalTime) {
  setenv("TZ", "UTC-5:30", 1);
  tzset();
  EXPECT_EQ(format_time(1763800000), "2025-11-22T13:56:40+05:30");
  setenv("TZ", "UTC+3", 1);
  tzset();
  EXPECT_EQ(format_time(0), "1969-12-31T21:00:00-03:00");
  unsetenv("TZ");
  tzset();
}

TEST(TextFormat, NamesCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31m\n"), "a\\x1B[31m\\x0A");
  EXPECT_EQ(printable("ü\xff\xc2\x9b"), "ü\\xFF\\xC2\\x9B");
  EXPECT_EQ(printable("日本 x"), "日本 x");
}

TEST(TextFormat, ShowsProgress) {
  EXPECT_EQ(progress_line("get", 0, 1000, 0, ""), "get  [--------------------]    0%  0 B of 1000 B");
  EXPECT_EQ(progress_line("get", 500, 1000, 2, "3 files"),
            "get  [##########----------]   50%  500 B of 1000 B  250 B/s  3 files");
  EXPECT_EQ(progress_line("get", 2000, 1000, 0, ""), "get  [####################]  100%  2.0 KiB of 1000 B");
  EXPECT_EQ(progress_line("scan", 1024, 0, 0, ""), "scan  1.0 KiB");
}

}  // namespace
}  // namespace seekfs::cli
