// What globs match, as a table, and which are refused.
#include "publish/glob.h"

#include <gtest/gtest.h>

namespace seekfs::publish {
namespace {

struct GlobCase {
  const char* pattern;
  const char* file;
  bool matches;
};

constexpr GlobCase cases[] = {
    {"*.bin", "a.bin", true},
    {"*.bin", "deep/in/a.bin", true},
    {"*.bin", "a.bin.txt", false},
    {"*.bin", "a.bin/inside", true},
    {"tmp", "x/tmp/y", true},
    {"tmp/", "x/tmp/y", true},
    {"tmp/", "x/tmp", false},
    {"/tmp", "tmp/y", true},
    {"/tmp", "x/tmp", false},
    {"a/*.bin", "a/b.bin", true},
    {"a/*.bin", "a/b/c.bin", false},
    {"a/*.bin", "x/a/b.bin", false},
    {"a/**/c", "a/c", true},
    {"a/**/c", "a/b/b/c", true},
    {"a/**/c", "a/b/d", false},
    {"**/c", "c", true},
    {"**/c", "a/b/c", true},
    {"a/**", "a/b/c", true},
    {"a/**", "ab", false},
    {"?.bin", "ü.bin", true},
    {"?.bin", "ab.bin", false},
    {"[a-c]x", "bx", true},
    {"[a-c]x", "dx", false},
    {"[!a-c]x", "dx", true},
    {"[]]x", "]x", true},
    {"[ä-ü]x", "öx", true},
    {"\\*x", "*x", true},
    {"\\*x", "ax", false},
    {"*a*b*c", "xxaxxbxxc", true},
    {"*a*b*c", "xxaxxcxxb", false},
    {"*", "any/thing", true},
};

TEST(GlobTest, MatchesAsTheTableSays) {
  for (const GlobCase& one : cases) {
    const auto glob = Glob::parse(one.pattern);
    ASSERT_TRUE(glob) << one.pattern;
    EXPECT_EQ(glob->matches_file(one.file), one.matches) << one.pattern << " on " << one.file;
  }
}

TEST(GlobTest, PatternsThatMeanNothingAreRefused) {
  for (const char* pattern : {"", "/", "a//b", "[ab", "[]", "a\\", "x/[/]"}) {
    const auto glob = Glob::parse(pattern);
    ASSERT_FALSE(glob) << pattern;
    EXPECT_EQ(glob.error().code, ErrorCode::bad_request);
  }
}

TEST(GlobTest, AHostilePatternEnds) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "*a";
  const auto glob = Glob::parse(pattern + "b");
  ASSERT_TRUE(glob);
  EXPECT_FALSE(glob->matches_file(std::string(800, 'a')));
}

TEST(PathFilterTest, AnExcludeWinsOverAnInclude) {
  const auto filter = PathFilter::parse({"*.bin", "keep/"}, {"/keep/tmp"});
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->chooses("x/a.bin"));
  EXPECT_TRUE(filter->chooses("keep/a.txt"));
  EXPECT_FALSE(filter->chooses("x/a.txt"));
  EXPECT_FALSE(filter->chooses("keep/tmp/a.bin"));
  EXPECT_TRUE(filter->excludes_folder("keep/tmp/deep"));
  EXPECT_FALSE(filter->excludes_folder("keep"));
}

}  // namespace
}  // namespace seekfs::publish
