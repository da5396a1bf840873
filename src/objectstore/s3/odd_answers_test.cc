// Answers that servers and what stands between give now and then, and what the store makes of them.
#include <fmt/format.h>

#include <atomic>

#include "async/sync_wait.h"
#include "objectstore/s3/fake_and_store_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

Result<std::string> get(FakeAndStore& on, ObjectRef object, std::optional<ByteRange> range = std::nullopt) {
  StringSink sink(1 * MiB);
  SEEKFS_TRY(async::sync_wait(on.store().get(std::move(object), range, sink, {})));
  return sink.take();
}

/// A chunked body of `bytes` that is whole, whatever the head says of its length.
ServedReply chunked(std::string_view bytes, std::uint64_t claimed) {
  return {.headers = {{"ETag", md5_etag("0123456789")}, {"Transfer-Encoding", "chunked"}},
          .body = fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", bytes.size(), bytes),
          .content_length = claimed};
}

TEST(OddAnswers, AChunkedBodyThatEndsEarlyGoesOnWhereItEnded) {
  std::atomic<int> answered = 0;
  FakeS3Options server = signed_bucket();
  server.before = [&](const ServedRequest& request) -> std::optional<ServedReply> {
    if (request.method != "GET" || answered++ > 0) return std::nullopt;
    return chunked("012345", 10);
  };
  FakeAndStore on({}, server);
  ASSERT_TRUE(async::sync_wait(put_small(on.store(), "k", "0123456789", {}, {})));
  EXPECT_EQ(get(on, {.key = "k"}).value_or("error"), "0123456789");
  EXPECT_EQ(answered, 2);
}

TEST(OddAnswers, AChunkedBodyThatBreaksAfterItsLastByteIsWhole) {
  for (const auto& range : {std::optional<ByteRange>(), std::optional<ByteRange>({0, 10})}) {
    std::atomic<int> answered = 0;
    FakeS3Options server = signed_bucket();
    server.before = [&](const ServedRequest& request) -> std::optional<ServedReply> {
      if (request.method != "GET") return std::nullopt;
      ++answered;
      ServedReply reply = chunked("0123456789", 10);
      reply.close_at = reply.body.size() - std::string_view("0\r\n\r\n").size();
      return reply;
    };
    FakeAndStore on({}, server);
    ASSERT_TRUE(async::sync_wait(put_small(on.store(), "k", "0123456789", {}, {})));
    EXPECT_EQ(get(on, {.key = "k"}, range).value_or("error"), "0123456789");
    EXPECT_EQ(answered, 1);
  }
}

TEST(OddAnswers, AnAnswerThatNeverHoldsAByteIsCorruptAtLast) {
  FakeS3Options server = signed_bucket();
  server.before = [](const ServedRequest& request) -> std::optional<ServedReply> {
    if (request.method != "GET") return std::nullopt;
    ServedReply reply = chunked("", 10);
    reply.body = "0\r\n\r\n";
    return reply;
  };
  FakeAndStore on({}, server);
  EXPECT_EQ(code_of(get(on, {.key = "k"})), ErrorCode::corrupt);
}

TEST(OddAnswers, AWeakETagIsRefused) {
  FakeS3Options server = signed_bucket();
  server.before = [](const ServedRequest& request) -> std::optional<ServedReply> {
    return ServedReply{.headers = {{"ETag", "W/\"e\""}}, .body = request.method == "PUT" ? "" : "0123456789"};
  };
  FakeAndStore on({}, server);
  EXPECT_EQ(code_of(get(on, {.key = "k"})), ErrorCode::corrupt);
  EXPECT_EQ(code_of(async::sync_wait(on.store().head({.key = "k"}, {}))), ErrorCode::corrupt);
  EXPECT_EQ(code_of(async::sync_wait(put_small(on.store(), "k", "x", {}, {}))), ErrorCode::corrupt);
}

TEST(OddAnswers, ADeleteMarkersVersionIsNotFound) {
  FakeS3Options server = signed_bucket();
  server.versioned = true;
  FakeAndStore on({}, server);
  const auto stored = async::sync_wait(put_small(on.store(), "k", "x", {}, {}));
  ASSERT_TRUE(stored);
  ASSERT_TRUE(stored->version_id);
  const auto marker = on.fake.bucket().remove("k");
  ASSERT_TRUE(marker);
  const ObjectRef gone{.key = "k", .if_match = {}, .version_id = marker->version_id};
  EXPECT_EQ(code_of(get(on, gone)), ErrorCode::not_found);
  EXPECT_EQ(code_of(async::sync_wait(on.store().head(gone, {}))), ErrorCode::not_found);
  EXPECT_EQ(on.fake.log().back().status, 405);
  EXPECT_EQ(get(on, {.key = "k", .if_match = {}, .version_id = stored->version_id}).value_or("error"), "x");
}

TEST(OddAnswers, ARefusedDeleteIsTold) {
  for (const int status : {403, 405}) {
    FakeS3Options server = signed_bucket();
    server.before = [status](const ServedRequest& request) -> std::optional<ServedReply> {
      if (request.method != "DELETE") return std::nullopt;
      return ServedReply{.status = status,
                         .headers = {},
                         .body = "<Error><Code>MethodNotAllowed</Code><Message>not against this</Message></Error>"};
    };
    FakeAndStore on({}, server);
    ASSERT_TRUE(async::sync_wait(put_small(on.store(), "k", "x", {}, {})));
    EXPECT_EQ(code_of(async::sync_wait(on.store().remove({.key = "k"}, {}))), ErrorCode::denied) << status;
    EXPECT_EQ(get(on, {.key = "k"}).value_or("error"), "x");
  }
}

TEST(OddAnswers, WhatIsTooLateToBeSentIsNoWordOfTheStore) {
  FakeAndStore on;
  const RequestOptions late{.purpose = Purpose::demand, .deadline = on.clock().now() - std::chrono::seconds(1)};
  StringSink sink(10);
  EXPECT_EQ(code_of(async::sync_wait(on.store().get({.key = "k"}, std::nullopt, sink, late))), ErrorCode::timeout);
  EXPECT_EQ(on.fake.counters().total, 0U);
  const Labels timed_out = {{"op", "get"}, {"outcome", "timeout"}, {"purpose", "demand"}};
  EXPECT_EQ(on.rig.metrics().counter("seekfs_origin_requests_total", "", timed_out).value(), 0U);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
