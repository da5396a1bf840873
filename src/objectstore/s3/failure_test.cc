// The table of answers: what each is, what is done about it, and what callers are told.
#include "objectstore/s3/failure.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace seekfs::objectstore::s3 {
namespace {

HttpReply reply_with(int status, std::string_view code, std::vector<HttpHeader> headers = {}) {
  HttpReply reply{.head = {.status = status, .headers = std::move(headers)}, .body = {}};
  if (!code.empty()) reply.body = fmt::format("<Error><Code>{}</Code><Message>m</Message></Error>", code);
  return reply;
}

struct Row {
  int status;
  std::string_view code;
  FailureKind kind;
  ErrorCode error;
};

TEST(Failure, EveryCodeOfTheTable) {
  using enum FailureKind;
  const Row rows[] = {
      {503, "SlowDown", throttled, ErrorCode::throttled},
      {400, "RequestLimitExceeded", throttled, ErrorCode::throttled},
      {429, "TooManyRequests", throttled, ErrorCode::throttled},
      {500, "InternalError", transient, ErrorCode::transient},
      {503, "ServiceUnavailable", transient, ErrorCode::transient},
      {400, "RequestTimeout", transient, ErrorCode::transient},
      {400, "XAmzContentSHA256Mismatch", transient, ErrorCode::transient},
      {409, "ConditionalRequestConflict", conditional_conflict, ErrorCode::transient},
      {409, "OperationAborted", conditional_conflict, ErrorCode::transient},
      {400, "ExpiredToken", expired_credentials, ErrorCode::denied},
      {403, "InvalidAccessKeyId", expired_credentials, ErrorCode::denied},
      {404, "XAdminUserNotFound", expired_credentials, ErrorCode::denied},
      {404, "NoSuchKey", final, ErrorCode::not_found},
      {404, "NoSuchVersion", final, ErrorCode::not_found},
      {404, "NoSuchUpload", final, ErrorCode::transient},
      {400, "InvalidPart", final, ErrorCode::corrupt},
      {404, "NoSuchBucket", final, ErrorCode::transient},
      {412, "PreconditionFailed", final, ErrorCode::precondition_failed},
      {416, "InvalidRange", final, ErrorCode::invalid},
      {400, "KeyTooLongError", final, ErrorCode::invalid},
      {400, "EntityTooLarge", final, ErrorCode::invalid},
      // `invalid` is said of a key, a range or what the server never does: all else that it does not like is a refusal.
      {400, "InvalidArgument", final, ErrorCode::denied},
      {400, "InvalidRequest", final, ErrorCode::denied},
      {400, "KMS.DisabledException", final, ErrorCode::denied},
      {400, "NobodyKnowsThisCode", final, ErrorCode::denied},
      {403, "AccessDenied", final, ErrorCode::denied},
      {403, "SignatureDoesNotMatch", final, ErrorCode::denied},
      {403, "InvalidObjectState", final, ErrorCode::denied},
      {405, "MethodNotAllowed", final, ErrorCode::denied},
      {501, "NotImplemented", final, ErrorCode::invalid},
      // Successes that carry an error.
      {200, "InternalError", transient, ErrorCode::transient},
      {200, "SlowDown", throttled, ErrorCode::throttled},
      {200, "PreconditionFailed", final, ErrorCode::precondition_failed},
      {200, "NobodyKnowsThisCode", transient, ErrorCode::transient},
  };
  for (const Row& row : rows) {
    const Failure failure = classify_reply(reply_with(row.status, row.code), "get k");
    EXPECT_EQ(failure.kind, row.kind) << row.code;
    EXPECT_EQ(failure.error.code, row.error) << row.code;
    EXPECT_NE(failure.error.message.find(row.code), std::string::npos) << failure.error.message;
    EXPECT_TRUE(failure.error.message.starts_with("get k: ")) << failure.error.message;
  }
}

TEST(Failure, EveryStatusWithoutACode) {
  using enum FailureKind;
  const Row rows[] = {
      {400, "", final, ErrorCode::denied},
      {401, "", final, ErrorCode::denied},
      {403, "", final, ErrorCode::denied},
      {404, "", final, ErrorCode::not_found},
      {405, "", final, ErrorCode::denied},
      {408, "", transient, ErrorCode::transient},
      {409, "", conditional_conflict, ErrorCode::transient},
      {412, "", final, ErrorCode::precondition_failed},
      {416, "", final, ErrorCode::invalid},
      {429, "", throttled, ErrorCode::throttled},
      {500, "", transient, ErrorCode::transient},
      {501, "", final, ErrorCode::invalid},
      {502, "", transient, ErrorCode::transient},
      {503, "", throttled, ErrorCode::throttled},
      {504, "", transient, ErrorCode::transient},
      {301, "", final, ErrorCode::denied},  // without the region where the bucket is
      {307, "", final, ErrorCode::denied},
      {302, "", final, ErrorCode::denied},
      {304, "", final, ErrorCode::denied},
  };
  for (const Row& row : rows) {
    const Failure failure = classify_reply(reply_with(row.status, ""), "head k");
    EXPECT_EQ(failure.kind, row.kind) << row.status;
    EXPECT_EQ(failure.error.code, row.error) << row.status;
  }
}

TEST(Failure, ADeleteMarkerIsNoObjectWhateverTheStatus) {
  for (const int status : {404, 405}) {
    const Failure failure = classify_reply(reply_with(status, "", {{"x-amz-delete-marker", "true"}}), "head k");
    EXPECT_EQ(failure.kind, FailureKind::final);
    EXPECT_EQ(failure.error.code, ErrorCode::not_found);
  }
}

TEST(Failure, TheRegionComesFromTheHeadOrTheDocument) {
  const Failure by_head =
      classify_reply(reply_with(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-north-1"}}), "get k");
  EXPECT_EQ(by_head.kind, FailureKind::wrong_region);
  EXPECT_EQ(by_head.region, "eu-north-1");
  HttpReply reply = reply_with(400, "");
  reply.body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>";
  EXPECT_EQ(classify_reply(reply, "get k").region, "eu-west-3");
  EXPECT_EQ(classify_reply(reply_with(301, "PermanentRedirect"), "get k").kind, FailureKind::final);
}

TEST(Failure, AWrongClockIsSeenWithADateOnly) {
  const Failure seen =
      classify_reply(reply_with(403, "RequestTimeTooSkewed", {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}), "get k");
  EXPECT_EQ(seen.kind, FailureKind::clock_skew);
  ASSERT_TRUE(seen.server_time);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*seen.server_time), 784111777);
  EXPECT_EQ(classify_reply(reply_with(403, "RequestTimeTooSkewed", {{"Date", "soon"}}), "get k").kind,
            FailureKind::final);
  EXPECT_EQ(classify_reply(reply_with(403, "RequestTimeTooSkewed"), "get k").kind, FailureKind::final);
}

TEST(Failure, TheWishToWait) {
  const auto wish = [](std::vector<HttpHeader> headers) {
    return classify_reply(reply_with(503, "SlowDown", std::move(headers)), "get k").retry_after;
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(wish({}), std::nullopt);
  EXPECT_EQ(wish({{"Retry-After", "2"}}), milliseconds(2000));
  EXPECT_EQ(wish({{"x-amz-retry-after", "1500"}}), milliseconds(1500));
  EXPECT_EQ(wish({{"Retry-After", "2"}, {"x-amz-retry-after", "1500"}}), milliseconds(1500));
  for (const char* const nonsense : {"-1", "x", "", "99999999999999999999", "2026-01-01", "86401"}) {
    EXPECT_EQ(wish({{"Retry-After", nonsense}}), std::nullopt) << nonsense;
  }
}

TEST(Failure, WhatWasNeverHeardSaysNothingOfTheStore) {
  for (const ErrorCode code : {ErrorCode::transient, ErrorCode::corrupt, ErrorCode::timeout}) {
    const Failure failure = classify_transport(Error(code, "m"), "get k");
    EXPECT_EQ(failure.kind, FailureKind::transient);
    EXPECT_EQ(failure.error.code, code);
    EXPECT_EQ(failure.answer(), OriginAnswer::transient);
  }
  for (const ErrorCode code : {ErrorCode::cancelled, ErrorCode::exhausted, ErrorCode::denied}) {
    const Failure failure = classify_transport(Error(code, "m"), "get k");
    EXPECT_EQ(failure.kind, FailureKind::final);
    EXPECT_EQ(failure.error.code, code);
    EXPECT_EQ(failure.answer(), std::nullopt);
  }
  // A URL, a header or a certificate file of ours is no word about the key.
  for (const ErrorCode code : {ErrorCode::invalid, ErrorCode::internal}) {
    const Failure failure = classify_transport(Error(code, "m"), "get k");
    EXPECT_EQ(failure.kind, FailureKind::final);
    EXPECT_EQ(failure.error.code, ErrorCode::denied);
    EXPECT_EQ(failure.answer(), std::nullopt);
  }
}

TEST(Failure, WhatTheGateIsTold) {
  const auto told = [](int status, std::string_view code) {
    return classify_reply(reply_with(status, code), "get k").answer();
  };
  EXPECT_EQ(told(503, "SlowDown"), OriginAnswer::throttled);
  EXPECT_EQ(told(500, "InternalError"), OriginAnswer::transient);
  // Refusals of one key are answers of a healthy store: they open no breaker for others.
  for (const auto& [status, code] : {std::pair(403, "AccessDenied"), std::pair(400, "KMS.DisabledException"),
                                     std::pair(404, "NoSuchKey"), std::pair(412, "PreconditionFailed")}) {
    EXPECT_EQ(told(status, code), OriginAnswer::success) << code;
  }
}

TEST(Failure, MessagesNameTheRequest) {
  const Failure failure =
      classify_reply(reply_with(403, "AccessDenied", {{"x-amz-request-id", "R1"}, {"x-amz-id-2", "H2"}}), "get k");
  EXPECT_NE(failure.error.message.find("request id R1, host id H2"), std::string::npos) << failure.error.message;
  EXPECT_EQ(request_ids({.status = 200, .headers = {}}), "");
}

TEST(Failure, WhatTheServerSaysIsShortenedInTheMessage) {
  const std::string endless(1'000'000, 'x');
  const Failure failure = classify_reply(reply_with(403, endless), "get k");
  EXPECT_EQ(failure.error.code, ErrorCode::denied);
  EXPECT_LT(failure.error.message.size(), 1000U);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
