// The small parts that read and write text: addresses, escapes, queries, targets, dates, ranges, tags, JSON, cursors.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/http_date.h"
#include "base/percent_decode.h"
#include "http/address.h"
#include "http/conditional.h"
#include "http/json_text.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/range_header.h"
#include "http/reply_date.h"
#include "http/reply_head.h"
#include "http/request_check.h"
#include "http/request_parser.h"
#include "http/route.h"
#include "http/routes/list_cursor.h"
#include "http/routes/readv_body.h"
#include "http/session_log.h"
#include "http/socket_file.h"
#include "http/target.h"

namespace seekfs::http {
namespace {

TEST(Address, RoundTripsAndRefuses) {
  for (const std::string text :
       {"127.0.0.1:7070", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:80", "unix:/run/seekfs.sock"}) {
    EXPECT_EQ(parse_address(text).value().to_string(), text);
  }
  EXPECT_EQ(parse_address("localhost:1").value().to_string(), "127.0.0.1:1");
  EXPECT_TRUE(parse_address("127.1.2.3:1").value().is_local());
  EXPECT_TRUE(parse_address("[::1]:1").value().is_local());
  EXPECT_TRUE(parse_address("unix:/s").value().is_local());
  EXPECT_FALSE(parse_address("0.0.0.0:1").value().is_local());
  EXPECT_FALSE(parse_address("[::]:1").value().is_local());
  for (const std::string text :
       {"", "7070", ":7070", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[::1]",
        "[127.0.0.1]:1", "example.org:80", "1.2.3:80", "unix:", "unix:seekfs.sock"}) {
    const auto parsed = parse_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
  }
}

TEST(Address, AUnixPathMayBeAsLongAsTheKernelTakes) {
  const std::string longest = "unix:/" + std::string(106, 'a');
  EXPECT_EQ(parse_address(longest).value().to_string(), longest);
  EXPECT_FALSE(parse_address(longest + "a"));
}

TEST(Address, SocketModesAreOctal) {
  EXPECT_EQ(parse_socket_mode("0660"), 0660U);
  EXPECT_EQ(parse_socket_mode("777"), 0777U);
  for (const std::string text : {"", "0o660", "8", "1777", "-1", "660 "}) EXPECT_FALSE(parse_socket_mode(text)) << text;
}

TEST(PercentDecode, DecodesOnceAndOnlyWhenNeeded) {
  std::string scratch;
  scratch.reserve(100);
  const std::string plain = "a/b+c";
  EXPECT_EQ(percent_decode(plain, PlusSign::plus, scratch)->data(), plain.data());
  EXPECT_EQ(percent_decode(plain, PlusSign::space, scratch), "a/b c");
  EXPECT_EQ(percent_decode("%2525%2b", PlusSign::space, scratch), "%25+");
  EXPECT_EQ(percent_decode("%41%4a%4A", PlusSign::plus, scratch), "AJJ");
  EXPECT_EQ(percent_decode("%00", PlusSign::plus, scratch), std::string(1, '\0'));
  for (const char* bad : {"%", "%1", "%g0", "%0g", "a%", "%%20"}) {
    EXPECT_FALSE(percent_decode(bad, PlusSign::plus, scratch)) << bad;
  }
}

TEST(Query, KeepsEarlierValuesWhileItDecodesLaterOnes) {
  Query query;
  ASSERT_TRUE(query.parse("a=%31&b=%32%33&c=x&d"));
  EXPECT_EQ(query.get("a"), "1");
  EXPECT_EQ(query.get("b"), "23");
  EXPECT_EQ(query.get("c"), "x");
  EXPECT_EQ(query.get("d"), "");
  EXPECT_EQ(query.get("e"), std::nullopt);
  ASSERT_TRUE(query.parse(""));
  EXPECT_EQ(query.get("a"), std::nullopt);
  std::string many = "p0=";
  for (int i = 1; i <= 16; ++i) many += "&p" + std::to_string(i) + "=";
  EXPECT_FALSE(query.parse(many));
}

TEST(Target, Forms) {
  EXPECT_EQ(parse_target("/a?b=c?d").value().query, "b=c?d");
  EXPECT_EQ(parse_target("/a?b=c?d").value().path, "/a");
  const Target absolute = parse_target("HTTP://host:1/a?b").value();
  EXPECT_EQ(absolute.authority, "host:1");
  EXPECT_EQ(absolute.path, "/a");
  EXPECT_EQ(absolute.query, "b");
  EXPECT_EQ(parse_target("http://host").value().path, "/");
  EXPECT_EQ(parse_target("http://host?q").value().query, "q");
  for (const char* bad : {"", "*", "a", "https://h/", "http:///a", "http://", "/a#b", "/a b", "/\x7f"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
}

TEST(HttpDate, KnownAndRoundTripped) {
  const auto text = [](std::int64_t seconds) {
    const HttpDateText date = format_http_date(seconds);
    return std::string(date.data(), date.size());
  };
  EXPECT_EQ(text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(text(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  for (std::int64_t seconds = -5'000'000'000; seconds < 5'000'000'000; seconds += 987'654'321) {
    EXPECT_EQ(parse_http_date(text(seconds)), seconds);
  }
  for (const char* bad :
       {"", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun  06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(RangeHeader, EdgesOfLargeFiles) {
  using Kind = RangeDecision::Kind;
  constexpr std::uint64_t max = ~std::uint64_t{0};
  EXPECT_EQ(decide_range("bytes=0-", max), (RangeDecision{Kind::part, 0, max}));
  EXPECT_EQ(decide_range("bytes=18446744073709551614-", max), (RangeDecision{Kind::part, max - 1, 1}));
  EXPECT_EQ(decide_range("bytes=18446744073709551615-", max).kind, Kind::unsatisfiable);
  EXPECT_EQ(decide_range("bytes=99999999999999999999999-", 5).kind, Kind::unsatisfiable);
  EXPECT_EQ(decide_range("bytes= 1-2", 5), (RangeDecision{Kind::part, 1, 2}));
  EXPECT_EQ(decide_range("bytes=1-2-3", 5).kind, Kind::whole);
  EXPECT_EQ(decide_range("bytes=+1-2", 5).kind, Kind::whole);
  EXPECT_EQ(decide_range("", 5).kind, Kind::whole);
}

TEST(EntityTags, Lists) {
  EXPECT_TRUE(etag_list_matches("\"a\"", "a", false));
  EXPECT_TRUE(etag_list_matches("\"b\",,\t\"a\"", "a", false));
  EXPECT_TRUE(etag_list_matches(" * ", "a", false));
  EXPECT_TRUE(etag_list_matches("W/\"a\"", "a", true));
  EXPECT_FALSE(etag_list_matches("W/\"a\"", "a", false));
  EXPECT_FALSE(etag_list_matches("a", "a", true));
  EXPECT_FALSE(etag_list_matches("\"a", "a", true));
  EXPECT_FALSE(etag_list_matches("\"b\" \"a\"", "a", true));
  EXPECT_FALSE(etag_list_matches("w/\"a\"", "a", true));
}

TEST(Json, IsValidWhateverTheText) {
  std::string out;
  append_json_string(out, std::string_view("a\"\\\n\t\r\x01\x7f\xff\xc3\xbc\0", 12));
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\t\\r\\u0001\\u007f\\ufffd\xc3\xbc\\u0000\"");
}

TEST(Problem, EveryCodeHasAStatusAndAPublicCode) {
  for (std::size_t i = 0; i < error_code_count; ++i) {
    const ProblemKind& kind = problem_kind(static_cast<ErrorCode>(i));
    EXPECT_GE(kind.status, 400) << i;
    EXPECT_LT(kind.status, 600) << i;
    EXPECT_LE(static_cast<int>(kind.code), static_cast<int>(ErrorCode::internal)) << i;
    EXPECT_FALSE(kind.title.empty()) << i;
  }
  Error throttled(ErrorCode::throttled, "slow down");
  throttled.retry_after = std::chrono::milliseconds(1500);
  EXPECT_EQ(to_problem(throttled).retry_after, std::chrono::seconds(2));
}

TEST(Routes, DevelopersEndpointsAreOffUnlessWanted) {
  EXPECT_EQ(match_route("/test_head", false).route, Route::none);
  EXPECT_EQ(match_route("/test_head", true).route, Route::test_head);
  EXPECT_EQ(match_route("/v1/ns/a/b", false).rest, "a/b");
  EXPECT_EQ(match_route("/v1blob", false).route, Route::none);
  EXPECT_EQ(match_route("/ns", false).route, Route::none);
}

TEST(ListCursor, RoundTripsAndRefuses) {
  const ListCursor cursor{12, true, "a:b/ü/"};
  const ListCursor again = decode_cursor(encode_cursor(cursor)).value();
  EXPECT_EQ(again.version, 12U);
  EXPECT_TRUE(again.is_prefix);
  EXPECT_EQ(again.last, cursor.last);
  for (const char* bad : {"", "0", "zz", "303a66", "313a78", "31"}) EXPECT_FALSE(decode_cursor(bad)) << bad;
}

TEST(RequestIds, OnlySaneOnesAreTaken) {
  EXPECT_TRUE(is_request_id("A-z_0.9"));
  EXPECT_FALSE(is_request_id(""));
  EXPECT_FALSE(is_request_id("a/b"));
  EXPECT_FALSE(is_request_id("\xc3\xbc"));
}

TEST(RequestParser, TakesAHeaderCutAnywhere) {
  const std::string text = "GET /a?b HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\nContent-Length: 5\r\n\r\n12345GET";
  const std::size_t header_size = text.find("12345");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    RequestParser parser({});
    RequestParser::State state = parser.parse(std::string_view(text).substr(0, cut));
    EXPECT_EQ(state == RequestParser::State::complete, cut >= header_size) << cut;
    if (state == RequestParser::State::need_more) state = parser.parse(text);
    ASSERT_EQ(state, RequestParser::State::complete) << cut;
    EXPECT_EQ(parser.header_size(), header_size);
    EXPECT_EQ(parser.head().target, "/a?b");
    EXPECT_EQ(parser.head().range, "bytes=0-1");
    EXPECT_EQ(parser.head().content_length, 5U);
    EXPECT_TRUE(parser.head().keep_alive);
  }
}

TEST(HostRule, OnlyLoopbackListenersAreStrict) {
  const HostRule local{true, "127.0.0.5"};
  EXPECT_TRUE(host_allowed(local, "127.0.0.5:1"));
  EXPECT_FALSE(host_allowed(local, "10.0.0.1"));
  EXPECT_TRUE(host_allowed({false, "0.0.0.0"}, "anything.example"));
}

/// append_head() makes room for so much beyond the texts that it is given, and writes without looking.
TEST(ReplyHead, OfTheLongestPartsFitsIntoItsRoom) {
  constexpr std::size_t room = 448;
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  for (const bool http_1_0 : {false, true}) {
    for (const bool keep_alive : {false, true}) {
      ReplyHead head;
      head.status = 431;
      head.content_type = "t";
      head.content_length = most;
      head.accept_ranges = true;
      head.etag = "e";
      head.last_modified = 1;
      head.content_range = ContentRange{most - 1, 2, most};
      head.version = most;
      head.allow = "a";
      head.retry_after = std::chrono::seconds::max();
      TextBuffer text;
      append_head(text, head, {http_1_0, keep_alive, "d", "i"});
      EXPECT_LE(text.size(), room + 5);
      head.content_length.reset();
      text.clear();
      append_head(text, head, {http_1_0, keep_alive, "d", "i"});
      EXPECT_LE(text.size(), room + 5);
    }
  }
}

TEST(ReplyDate, IsThatOfTheSecond) {
  env::ManualClock clock;
  ReplyDate dates(clock);
  for (int tenth = 0; tenth < 35; ++tenth) {
    const auto second = std::chrono::floor<std::chrono::seconds>(clock.wall_now()).time_since_epoch().count();
    const HttpDateText expected = format_http_date(second);
    ASSERT_EQ(dates.at(clock.now()), std::string_view(expected.data(), expected.size())) << tenth;
    clock.advance(std::chrono::milliseconds(100));
  }
}

}  // namespace
}  // namespace seekfs::http
