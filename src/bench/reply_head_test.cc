// Reply headers that are taken, and all that are not.
#include "bench/reply_head.h"

#include <gtest/gtest.h>

#include <string>

namespace seekfs::bench {
namespace {

struct Good {
  std::string text;
  int status;
  std::uint64_t length;
  bool keep_alive;
};

TEST(ReplyHeadTest, TakesWhatServersSend) {
  for (const Good& good : {
           Good{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, 5, true},
           Good{"HTTP/1.1 404 \r\ncontent-length:0\r\n\r\n", 404, 0, true},
           Good{"HTTP/1.1 503\r\nCONTENT-LENGTH: \t12 \t\r\nX-A:\r\nConnection: Close\r\n\r\n", 503, 12, false},
           Good{"HTTP/1.1 200 OK\r\nETag: \"a:b\"\r\nContent-Length: 18446744073709551615\r\n\r\n", 200, UINT64_MAX,
                true},
       }) {
    const auto head = parse_reply_head(good.text);
    ASSERT_TRUE(head) << good.text << head.error().message;
    EXPECT_EQ(head->status, good.status);
    EXPECT_EQ(head->content_length, good.length);
    EXPECT_EQ(head->keep_alive, good.keep_alive);
  }
}

TEST(ReplyHeadTest, RefusesAllElse) {
  using namespace std::string_literals;
  for (const std::string& text : {
           ""s,
           "\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"s,
           "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/2 200 OK\r\nContent-Length: 5\r\n\r\n"s,
           " HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1 2000\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1 +20 OK\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1 600 OK\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n folded\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nno field\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n: empty\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\nC: d\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\rC\r\n\r\n"s,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\0c\r\n\r\n"s,
           "HTTP/1.1 200 OK\nContent-Length: 5\n\r\n\r\n"s,
       }) {
    const auto head = parse_reply_head(text);
    ASSERT_FALSE(head) << text;
    EXPECT_EQ(head.error().code, ErrorCode::corrupt) << text;
  }
}

}  // namespace
}  // namespace seekfs::bench
