// Requests told apart in a stream of bytes, however it is cut.
#include "bench/request_counter.h"

#include <gtest/gtest.h>

#include <string>

namespace seekfs::bench {
namespace {

using Expected = std::array<std::uint64_t, s3_operation_names.size()>;  // get, head, list, other

RequestCounts count(std::string_view text, std::size_t piece) {
  RequestCounts counts;
  RequestCounter counter(counts);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    counter.take(std::as_bytes(std::span(text.substr(at, piece))));
  }
  return counts;
}

TEST(RequestCounterTest, TellsOperationsApartInPiecesOfAnySize) {
  const std::string text =
      "GET /bucket/a/b.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n"
      "GET /bucket/key?versionId=7 HTTP/1.1\r\nHost: x\r\n\r\n"
      "HEAD /bucket/key HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /bucket?list-type=2&prefix=a/b HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /bucket/?location HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
      "PUT /bucket/key HTTP/1.1\r\ncontent-length:  44 \r\n\r\nGET /bucket/in-a-body HTTP/1.1\r\nHost: x\r\n\r\n\r\n"
      "POST /bucket?delete HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
      "GET /bucket/last HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 64UL, 100'000UL}) {
    const RequestCounts counts = count(text, piece);
    EXPECT_EQ(counts.requests, (Expected{3, 1, 3, 2})) << piece;
    EXPECT_EQ(counts.unreadable, 0U) << piece;
  }
}

TEST(RequestCounterTest, AnUnfinishedHeaderDoesNotCount) {
  EXPECT_EQ(count("GET /bucket/key HTTP/1.1\r\nHost: x\r\n", 5).requests, Expected{});
}

TEST(RequestCounterTest, WhatCannotBeReadIsSaidOnce) {
  const std::string next = "GET /bucket/key HTTP/1.1\r\n\r\n";
  const std::string chunked = "PUT /bucket/key HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string endless = "GET /" + std::string(70'000, 'a');
  for (const std::string& text : {"\x16\x03\x01 some TLS\r\n\r\n" + next, "GET /x HTTP/1.0\r\n\r\n" + next,
                                  "GET /x HTTP/1.1\r\nContent-Length: many\r\n\r\n" + next, chunked + next, endless}) {
    for (const std::size_t piece : {1UL, 1000UL, 100'000UL}) {
      const RequestCounts counts = count(text, piece);
      EXPECT_EQ(counts.unreadable, 1U) << text.substr(0, 40);
      EXPECT_EQ(counts.requests[0], 0U) << text.substr(0, 40);
    }
  }
}

}  // namespace
}  // namespace seekfs::bench
