// What namespaces and paths are taken and refused, and how refusals read.
#include "manifest/path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace seekfs::manifest {
namespace {

using std::string_literals::operator""s;

TEST(Namespace, TakesWhatTheRuleAllows) {
  for (const std::string& ns : {"a"s, "0"s, "demo"s, "a.b_c-d"s, std::string(63, 'x')}) {
    EXPECT_TRUE(check_namespace(ns)) << ns;
  }
}

TEST(Namespace, RefusesAllElse) {
  for (const std::string& ns :
       {""s, "A"s, ".a"s, "a."s, "-"s, "a/b"s, "a b"s, "ä"s, ".."s, "a\0b"s, std::string(64, 'x')}) {
    const Status status = check_namespace(ns);
    ASSERT_FALSE(status) << ns;
    EXPECT_EQ(status.error().code, ErrorCode::bad_request);
    EXPECT_NE(status.error().message.find("namespace '"), std::string::npos) << status.error().message;
  }
}

TEST(Path, TakesWhatTheRuleAllows) {
  for (const std::string& path : {"a"s, "a/b/c"s, ".hidden"s, "..."s, "a/..b/c."s, " "s, "träin/日本/🗂.tar"s, "a\\b"s,
                                  "\xEF\xBF\xBD"s, "\xC2\xA0"s, "\xF4\x8F\xBF\xBF"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s,
                                  std::string(850, 'p'), "%2e%2e/x"s, "*?\"<>|"s}) {
    EXPECT_TRUE(check_path(path)) << path;
  }
}

struct BadPath {
  std::string path;
  std::string rule;
};

TEST(Path, RefusesAllElseNamingTheRule) {
  const std::vector<BadPath> cases = {
      {"", "is empty"},
      {std::string(851, 'p'), "851 bytes long; 850 are allowed"},
      {"/a", "is absolute"},
      {"/", "is absolute"},
      {"a/", "ends in '/'"},
      {"a//b", "empty segment"},
      {".", "'.' segment"},
      {"a/./b", "'.' segment"},
      {"..", "'..' segment"},
      {"a/..", "'..' segment"},
      {"../a", "'..' segment"},
      {"a\0b"s, "path 'a\\x00b': has a control character at byte 1"},
      {"a\nb", "control character at byte 1"},
      {"\x7F", "control character at byte 0"},
      {"\xC2\x80", "control character"},
      {"\xC2\x9F", "control character"},
      {"\x80", "is not UTF-8 at byte 0"},
      {"ab\xC3", "is not UTF-8 at byte 2"},
      {"\xC0\xAF", "not UTF-8"},          // overlong '/'
      {"\xC1\xBF", "not UTF-8"},          // overlong
      {"\xE0\x80\xAF", "not UTF-8"},      // overlong '/'
      {"\xE0\x9F\xBF", "not UTF-8"},      // overlong
      {"\xF0\x80\x80\xAF", "not UTF-8"},  // overlong '/'
      {"\xF0\x8F\xBF\xBF", "not UTF-8"},  // overlong
      {"\xED\xA0\x80", "not UTF-8"},      // first surrogate
      {"\xED\xBF\xBF", "not UTF-8"},      // last surrogate
      {"\xF4\x90\x80\x80", "not UTF-8"},  // U+110000
      {"\xF5\x80\x80\x80", "not UTF-8"},
      {"\xFF", "not UTF-8"},
      {"\xE2\x82", "not UTF-8"},
      {"\xE2\x28\xA1", "not UTF-8"},
  };
  for (const BadPath& bad : cases) {
    const Status status = check_path(bad.path);
    ASSERT_FALSE(status) << bad.path;
    EXPECT_EQ(status.error().code, ErrorCode::invalid_path);
    EXPECT_NE(status.error().message.find(bad.rule), std::string::npos) << status.error().message;
  }
}

TEST(Path, MessagesArePrintableAndShort) {
  std::string path = "\x1B[31m\xFF'\\";
  path += std::string(2000, 'x');
  const Status status = check_path(path);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find(R"('\x1b[31m\xff\x27\x5cxxx)"), std::string::npos) << status.error().message;
  EXPECT_LT(status.error().message.size(), 400U);
}

}  // namespace
}  // namespace seekfs::manifest
