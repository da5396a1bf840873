// Log lines: exact formats, one line an event whatever is in it, and what reaches stderr.
#include "base/log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>

namespace seekfs {
namespace {

std::string logfmt(std::string_view event, std::initializer_list<LogField> fields) {
  return format_log_line(LogFormat::logfmt, LogLevel::info, event, fields);
}

std::string json(std::string_view event, std::initializer_list<LogField> fields) {
  return format_log_line(LogFormat::json, LogLevel::info, event, fields);
}

TEST(LogLine, LogfmtQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(logfmt("page read", {{"ns", "demo"}, {"path", "a b"}, {"len", 42}, {"ok", true}, {"empty", ""}}),
            R"(level=info event="page read" ns=demo path="a b" len=42 ok=true empty="")");
  EXPECT_EQ(format_log_line(LogFormat::logfmt, LogLevel::warning, "x", {}), R"(level=warning event="x")");
  EXPECT_EQ(logfmt("e", {{"k", "a=b"}, {"q", "say \"hi\" \\"}}), R"(level=info event="e" k="a=b" q="say \"hi\" \\")");
}

TEST(LogLine, JsonIsAnObject) {
  EXPECT_EQ(json("page read", {{"ns", "demo"}, {"len", 42}, {"ok", false}, {"text", "42"}}),
            R"({"level":"info","event":"page read","ns":"demo","len":42,"ok":false,"text":"42"})");
  EXPECT_EQ(json("e", {{"k", "\"\\"}}), R"({"level":"info","event":"e","k":"\"\\"})");
  EXPECT_EQ(json("e", {{"k", std::nan("")}}), R"({"level":"info","event":"e","k":"nan"})");
}

TEST(LogLine, ControlCharactersNeverReachTheLine) {
  const std::string evil = "a\nlevel=error\r\t\x1b[2J\x7f\xC2\x9B\xE2\x80\xA8";
  EXPECT_EQ(logfmt("e", {{"k", evil}}), R"(level=info event="e" k="a\nlevel=error\r\t\x1b[2J\x7f\u009b\u2028")");
  EXPECT_EQ(json("e", {{"k", evil}}),
            R"({"level":"info","event":"e","k":"a\nlevel=error\r\t\u001b[2J\u007f\u009b\u2028"})");
  for (const LogFormat format : {LogFormat::logfmt, LogFormat::json}) {
    for (int c = 0; c < 256; ++c) {
      const std::string text(1, static_cast<char>(c));
      const std::string line = format_log_line(format, LogLevel::info, text, {{"k", text}});
      for (const char shown : line) {
        EXPECT_TRUE(shown >= 0x20 && shown < 0x7F) << c;
      }
    }
  }
}

TEST(LogLine, BytesThatAreNotUtf8AreShownEscaped) {
  EXPECT_EQ(logfmt("e", {{"k", "\xff\xc3\xa4"}}), "level=info event=\"e\" k=\"\\xff\xc3\xa4\"");
  EXPECT_EQ(json("e", {{"k", "\xff"}}), R"({"level":"info","event":"e","k":"\ufffd"})");
}

TEST(LogLine, KeysCannotBreakTheLine) {
  EXPECT_EQ(logfmt("e", {{"a b\n=", 1}}), R"(level=info event="e" a_b__=1)");
  EXPECT_EQ(json("e", {{"a\n", 1}}), R"({"level":"info","event":"e","a\n":1})");
}

TEST(ParseLog, LevelsAndFormats) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_EQ(parse_log_level("off"), LogLevel::off);
  EXPECT_EQ(parse_log_format("json"), LogFormat::json);
  EXPECT_EQ(parse_log_format("logfmt"), LogFormat::logfmt);
  ASSERT_FALSE(parse_log_level("loud"));
  EXPECT_NE(parse_log_level("loud").error().message.find("'loud'"), std::string::npos);
  EXPECT_FALSE(parse_log_level("INFO"));
  EXPECT_FALSE(parse_log_format("text"));
}

TEST(StderrLogger, WritesOneLineWithTheTime) {
  testing::internal::CaptureStderr();
  const auto logger = make_stderr_logger(LogLevel::info, LogFormat::logfmt);
  logger->debug("not shown");
  logger->error("disk %v {} full", {{"disk", "sda\n"}});
  const std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::regex_match(
      shown,
      std::regex(
          R"(time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=error event="disk %v \{\} full" disk="sda\\n"\n)")))
      << shown;
}

TEST(StderrLogger, WritesJsonWithTheTimeFirst) {
  testing::internal::CaptureStderr();
  make_stderr_logger(LogLevel::debug, LogFormat::json)->debug("start", {{"n", 1}});
  const std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::regex_match(
      shown,
      std::regex(R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"debug","event":"start","n":1\}\n)")))
      << shown;
}

TEST(StderrLogger, OffAndNullAreSilent) {
  testing::internal::CaptureStderr();
  make_stderr_logger(LogLevel::off, LogFormat::logfmt)->error("x");
  make_stderr_logger(LogLevel::debug, LogFormat::logfmt)->log(LogLevel::off, "x", {});
  null_logger().error("x");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace seekfs
