// Bodies of /hints: what is taken, and the exact words for what is not.
#include "http/routes/hints_body.h"

#include <gtest/gtest.h>

#include "http/expected_testing.h"

namespace seekfs::http {
namespace {

TEST(HintsBody, WindowsComeInOrderWithAllTheirForms) {
  const auto hint = parse_hints_body(
      R"({"windows":[{"path":"a","ranges":[[5,10],[0,18446744073709551615]]},{"path":"b"},{"prefix":""}],)"
      R"("ttl_ms":1500,"priority":3,"epoch":9})",
      5);
  ASSERT_TRUE(hint) << hint.error().error.message;
  EXPECT_EQ(hint->epoch, 9U);
  EXPECT_EQ(hint->priority, 3U);
  EXPECT_EQ(hint->ttl, std::chrono::milliseconds(1500));
  ASSERT_EQ(hint->windows.size(), 3U);
  EXPECT_EQ(hint->windows[0].name, "a");
  ASSERT_EQ(hint->windows[0].ranges.size(), 2U);
  EXPECT_EQ(hint->windows[0].ranges[0].off, 5U);
  EXPECT_EQ(hint->windows[0].ranges[0].len, 10U);
  EXPECT_EQ(hint->windows[0].ranges[1].len, 18446744073709551615U);
  EXPECT_TRUE(hint->windows[1].ranges.empty());
  EXPECT_FALSE(hint->windows[1].is_prefix);
  EXPECT_TRUE(hint->windows[2].is_prefix);
  EXPECT_FALSE(parse_hints_body(R"({"epoch":1,"windows":[]})", 5)->ttl);
}

TEST(HintsBody, WhatIsWrongIsNamed) {
  struct Wrong {
    std::string body;
    ErrorCode code;
    std::string message;
    std::optional<std::size_t> index;
  };
  const auto bad = ErrorCode::bad_request;
  const std::string windows = R"({"epoch":1,"windows":)";
  const std::vector<Wrong> table = {
      {"", bad, "the body is not JSON: incomplete JSON at byte 0", {}},
      {"[]", bad, "the body must be a JSON object with 'epoch' and 'windows'", {}},
      {"7", bad, "the body must be a JSON object with 'epoch' and 'windows'", {}},
      {R"({"windows":[]})", bad, "the hint has no 'epoch'", {}},
      {R"({"epoch":1})", bad, "the hint has no 'windows'", {}},
      {R"({"epoch":1,"epoch":1,"windows":[]})", bad, "the hint has 'epoch' twice", {}},
      {R"({"epoch":1,"colour":1})", bad, "the hint has an unknown member 'colour'", {}},
      {R"({"epoch":-1})", bad, "'epoch' must be an unsigned integer below 2^64", {}},
      {R"({"epoch":1.0})", bad, "'epoch' must be an unsigned integer below 2^64", {}},
      {R"({"epoch":"1"})", bad, "'epoch' must be an unsigned integer below 2^64", {}},
      {R"({"epoch":null})", bad, "'epoch' must be an unsigned integer below 2^64", {}},
      {R"({"priority":{}})", bad, "'priority' must be an unsigned integer below 2^64", {}},
      {R"({"windows":{}})", bad, "'windows' must be an array", {}},
      {R"({"windows":3})", bad, "'windows' must be an array", {}},
      {windows + R"([["a"]]})", bad, R"(a window must be {"path", "ranges"} or {"prefix"})", {}},
      {windows + R"([{"path":"a"},{}]})", bad, "the window must have either a 'path' or a 'prefix'", 1},
      {windows + R"([{"path":"a","prefix":"b"}]})", bad, "the window must have either a 'path' or a 'prefix'", 0},
      {windows + R"([{"prefix":"a","ranges":[[0,1]]}]})", bad, "'ranges' go with a 'path', not with a 'prefix'", 0},
      {windows + R"([{"path":"a","path":"a"}]})", bad, "the window has 'path' twice", 0},
      {windows + R"([{"off":1}]})", bad, "the window has an unknown member 'off'", 0},
      {windows + R"([{"path":1}]})", bad, "'path' must be a string", 0},
      {windows + R"([{"path":["a"]}]})", bad, "'path' must be a string", 0},
      {windows + R"([{"path":"a","ranges":"all"}]})", bad, "'ranges' must be an array of [off, len]", 0},
      {windows + R"([{"path":"a","ranges":[]}]})", bad, "'ranges' is empty; leave it out for the whole file", 0},
      {windows + R"([{"path":"a","ranges":[1,2]}]})", bad,
       "a range must be [off, len], two unsigned integers below 2^64", 0},
      {windows + R"([{"path":"a","ranges":[[1]]}]})", bad,
       "a range must be [off, len], two unsigned integers below 2^64", 0},
      {windows + R"([{"path":"a","ranges":[[1,2,3]]}]})", bad,
       "a range must be [off, len], two unsigned integers below 2^64", 0},
      {windows + R"([{"path":"a","ranges":[[1,-0]]}]})", bad,
       "a range must be [off, len], two unsigned integers below 2^64", 0},
      {windows + R"([{"path":"a","ranges":[[1,[2]]]}]})", bad,
       "a range must be [off, len], two unsigned integers below 2^64", 0},
      {windows + "[]} x", bad, "the body is not JSON: extra data at byte 25", {}},
      {windows + R"([{"path":"a","ranges":[[1,2],[1,2]]}]})",
       ErrorCode::too_large,
       "the hint has more than 2 windows and ranges: send the rest as another hint",
       {}},
  };
  for (const Wrong& wrong : table) {
    const auto hint = parse_hints_body(wrong.body, 2);
    ASSERT_FALSE(hint) << wrong.body;
    EXPECT_EQ(hint.error().error.code, wrong.code) << wrong.body;
    EXPECT_EQ(hint.error().error.message, wrong.message) << wrong.body;
    EXPECT_EQ(hint.error().index, wrong.index) << wrong.body;
  }
  for (const char* const path : {"", "/a", "a//b", "../a", "a/"}) {
    const auto hint = parse_hints_body(windows + R"([{"prefix":"x"},{"path":")" + path + "\"}]}", 9);
    ASSERT_FALSE(hint) << path;
    EXPECT_EQ(hint.error().error.code, ErrorCode::invalid_path) << path;
    EXPECT_EQ(hint.error().index, 1U) << path;
  }
}

TEST(HintsRoute, AServerWithoutThePrefetcherSaysSo) {
  TestServer server;
  const std::string refused = "this server takes no hints";
  EXPECT_NE(server.exchange(post("/hints?ns=demo", "{}")).find(refused), std::string::npos);
  EXPECT_NE(server.exchange(get("/hints/1")).find(refused), std::string::npos);
  EXPECT_TRUE(server.exchange(get("/hints?ns=demo")).starts_with("HTTP/1.1 405 "));
  EXPECT_NE(server.exchange(post("/hints/1", "")).find("Allow: GET, HEAD, DELETE"), std::string::npos);
}

}  // namespace
}  // namespace seekfs::http
