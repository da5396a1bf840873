// The judgements of doctor: what is seen, how bad it is, and the fix; never a secret.
#include "cli/doctor/judge.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seekfs::cli {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

Error error_of(ErrorCode code) { return Error(code, "what happened"); }

void expect_finding(const Finding& finding, Grade grade, std::string_view seen, std::string_view fix) {
  EXPECT_EQ(finding.grade, grade) << finding.seen;
  EXPECT_THAT(finding.seen, HasSubstr(std::string(seen)));
  EXPECT_THAT(finding.fix, HasSubstr(std::string(fix)));
  EXPECT_EQ(finding.fix.empty(), grade == Grade::ok) << finding.fix;
}

TEST(DoctorFinding, IsALineWithItsFixBelow) {
  EXPECT_EQ(finding_text(Finding::ok("clock", "fine"), false), "ok    clock          fine\n");
  EXPECT_EQ(finding_text(Finding::fail("configuration", "bad", "mend it"), false),
            "fail  configuration  bad\n                     fix: mend it\n");
  EXPECT_EQ(finding_text(Finding::warn("clock", "slow", "wind it"), true),
            "\033[33mwarn\033[0m  clock          slow\n                     fix: wind it\n");
}

TEST(DoctorFinding, IsAnObjectInJson) {
  EXPECT_EQ(finding_json(Finding::ok("clock", "a \"b\"")),
            "{\"check\":\"clock\",\"status\":\"ok\",\"detail\":\"a \\\"b\\\"\"}\n");
  EXPECT_EQ(finding_json(Finding::fail("clock", "a", "b")),
            "{\"check\":\"clock\",\"status\":\"fail\",\"detail\":\"a\",\"fix\":\"b\"}\n");
}

TEST(DoctorLatency, IsWrittenInTheUnitThatFits) {
  EXPECT_EQ(format_latency(std::chrono::microseconds(1240)), "1.2 ms");
  EXPECT_EQ(format_latency(milliseconds(10)), "10 ms");
  EXPECT_EQ(format_latency(milliseconds(2500)), "2.5 s");
}

TEST(DoctorLatency, IsTheMedianAndWarnsWhenItIsLong) {
  std::vector<std::chrono::nanoseconds> times;
  for (int i = 20; i >= 1; --i) times.emplace_back(milliseconds(i * 10));
  expect_finding(judge_latency(times), Grade::ok, "20 small requests: median 110 ms, p95 200 ms", "");
  for (auto& time : times) time += milliseconds(91);
  expect_finding(judge_latency(times), Grade::warn, "median 201 ms", "nearer");
  expect_finding(judge_latency({milliseconds(1)}), Grade::ok, "1 small requests: median 1.0 ms, p95 1.0 ms", "");
}

TEST(DoctorConnection, TellsEachErrorWithItsFix) {
  ConnectionSeen seen{.endpoint = "http://h", .status = 403, .first = milliseconds(20), .again = milliseconds(3)};
  expect_finding(judge_connection(seen), Grade::ok, "http://h answers (status 403) in 3.0 ms", "");
  seen.status = std::unexpected(error_of(ErrorCode::transient));
  expect_finding(judge_connection(seen), Grade::fail, "what happened", "[s3] endpoint");
  EXPECT_EQ(judge_connection(seen).failure, ExitCode::origin);
  seen.status = std::unexpected(error_of(ErrorCode::denied));
  expect_finding(judge_connection(seen), Grade::fail, "what happened", "AWS_CA_BUNDLE");
  seen.status = std::unexpected(error_of(ErrorCode::invalid));
  EXPECT_EQ(judge_connection(seen).failure, ExitCode::usage);
}

TEST(DoctorClock, WarnsBeyondAMinuteAndFailsBeyondFifteen) {
  constexpr std::int64_t now = 1'763'800'000;
  expect_finding(judge_clock(now - 60, now), Grade::ok, "within 61 s", "");
  expect_finding(judge_clock(now + 60, now), Grade::ok, "within 61 s", "");
  expect_finding(judge_clock(now - 61, now), Grade::warn, "61 s ahead of the server's", "set this machine's clock");
  expect_finding(judge_clock(now + 900, now), Grade::warn, "15 min behind the server's", "set this machine's clock");
  expect_finding(judge_clock(now + 901, now), Grade::fail, "15 min behind the server's; S3 refuses", "set this");
  EXPECT_EQ(judge_clock(now + 901, now).failure, ExitCode::failure);
  expect_finding(judge_clock(std::nullopt, now), Grade::warn, "does not tell its time", "compare");
}

TEST(DoctorCredentials, ShowTheirSourceAndTheEndOfTheKeyIdAndNothingElse) {
  const auto now = std::chrono::system_clock::time_point(std::chrono::hours(500'000));
  objectstore::s3::Credentials given{.access_key_id = "AKIDEXAMPLE1234",
                                     .secret_access_key = "hush/secret",
                                     .session_token = "hush+token",
                                     .expiration = now + std::chrono::minutes(54)};
  const auto judge = [&] {
    return judge_credentials(std::make_shared<const objectstore::s3::Credentials>(given), "IMDSv2 role r", now);
  };
  EXPECT_EQ(judge().seen, "from IMDSv2 role r: access key id …1234, with a session token, holds for another 54 min");
  EXPECT_EQ(judge().grade, Grade::ok);
  given.session_token.clear();
  given.expiration.reset();
  given.access_key_id = "AKID";
  EXPECT_EQ(judge().seen, "from IMDSv2 role r: access key id …ID");
}

TEST(DoctorCredentials, TellsWhyThereAreNone) {
  expect_finding(judge_credentials(std::unexpected(error_of(ErrorCode::denied)), "x", {}), Grade::fail, "what happened",
                 "anonymous = true");
  expect_finding(judge_credentials(objectstore::s3::CredentialsRef(), "anonymous", {}), Grade::ok, "not signed", "");
}

TEST(DoctorBucket, EachRefusalHasItsFix) {
  struct Case {
    int status;
    const char* code;
    const char* fix;
  };
  for (const Case& refused :
       {Case{404, "NoSuchBucket", "create the bucket"}, Case{404, "", "create the bucket"},
        Case{403, "AccessDenied", "--policy reader"}, Case{403, "SignatureDoesNotMatch", "secret access key"},
        Case{403, "InvalidAccessKeyId", "(environment)"}, Case{400, "ExpiredToken", "renew them"},
        Case{403, "RequestTimeTooSkewed", "clock"}, Case{301, "PermanentRedirect", "set [s3] region"},
        Case{503, "SlowDown", "try again"}}) {
    const Finding finding =
        judge_bucket({.where = "s3://b at x", .source = "environment", .status = refused.status, .code = refused.code});
    expect_finding(finding, Grade::fail,
                   fmt::format("s3://b at x can't be listed: {} {}", refused.status, refused.code), refused.fix);
    EXPECT_EQ(finding.failure, ExitCode::origin);
  }
  expect_finding(judge_bucket({.anonymous = true, .status = 403, .code = "AccessDenied"}), Grade::fail, "403",
                 "not public");
}

TEST(DoctorBucket, ASuccessSaysWhatThereIs) {
  expect_finding(judge_bucket({.where = "s3://b", .prefix = "p/", .status = 200}), Grade::ok,
                 "s3://b may be listed below p/", "");
  expect_finding(judge_bucket({.where = "s3://b", .status = 200, .empty = true}), Grade::ok, "it is empty", "");
  expect_finding(judge_bucket({.where = "s3://b", .status = 200, .region = "a", .moved = "c"}), Grade::warn,
                 "but it is in region c", "set [s3] region = \"c\" (it is \"a\")");
}

TEST(DoctorBucket, WhatAServerSaysDoesNotSteerTheTerminal) {
  EXPECT_THAT(judge_bucket({.status = 403, .code = "X", .message = "\033[2J"}).seen, Not(HasSubstr("\033")));
}

RangeSeen good_range() {
  const Piece piece{.etag = "\"e\"", .size = 10, .bytes = "123456789"};
  return {.key = "k",
          .etag = "\"e\"",
          .size = 10,
          .asked = 9,
          .first = piece,
          .again = piece,
          .matched = piece,
          .foreign = std::unexpected(error_of(ErrorCode::precondition_failed))};
}

TEST(DoctorRange, IsGoodWhenBytesAndETagsAreStableAndConditionsHonoured) {
  expect_finding(judge_range(good_range()), Grade::ok, "k: 9 bytes of 10, ETag stable, If-Match honoured", "");
}

TEST(DoctorRange, EachFaultIsTold) {
  RangeSeen seen = good_range();
  seen.first->bytes = "0123456789";
  expect_finding(judge_range(seen), Grade::fail, "asked for 9 bytes of 10, got 10 of 10", "ranges as S3 does");
  seen = good_range();
  seen.again->etag = "\"f\"";
  expect_finding(judge_range(seen), Grade::fail, "differ from one request", "run again");
  seen = good_range();
  seen.again->bytes = "12345678x";
  expect_finding(judge_range(seen), Grade::fail, "differ from one request", "run again");
  seen = good_range();
  seen.foreign = seen.first;
  expect_finding(judge_range(seen), Grade::fail, "If-Match with another ETag is ignored", "honours If-Match");
  seen = good_range();
  seen.foreign = std::unexpected(error_of(ErrorCode::transient));
  expect_finding(judge_range(seen), Grade::fail, "another ETag is what happened", "honours If-Match");
  for (Result<Piece> RangeSeen::* part : {&RangeSeen::first, &RangeSeen::again, &RangeSeen::matched}) {
    seen = good_range();
    seen.*part = std::unexpected(error_of(ErrorCode::denied));
    expect_finding(judge_range(seen), Grade::fail, "what happened", "--policy reader");
  }
}

WriteSeen good_write() {
  return {.key = "k",
          .first = {},
          .second = std::unexpected(error_of(ErrorCode::precondition_failed)),
          .foreign = std::unexpected(error_of(ErrorCode::precondition_failed)),
          .read_back = "text",
          .written = "text",
          .removed = {}};
}

TEST(DoctorWrite, IsGoodWhenTheConditionsHold) {
  expect_finding(judge_write(good_write()), Grade::ok, "put, read back and removed", "");
}

TEST(DoctorWrite, SaysWhenAVersionStays) {
  WriteSeen seen = good_write();
  seen.versions_stay = true;
  expect_finding(judge_write(seen), Grade::ok, "an old version stays", "");
}

TEST(DoctorWrite, EachFaultIsTold) {
  WriteSeen seen = good_write();
  seen.second = {};
  expect_finding(judge_write(seen), Grade::fail, "If-None-Match: * is done", "--unsafe-no-conditional-put");
  seen = good_write();
  seen.foreign = {};
  expect_finding(judge_write(seen), Grade::fail, "If-Match of another ETag is done", "--unsafe-no-conditional-put");
  seen = good_write();
  seen.read_back = "other";
  expect_finding(judge_write(seen), Grade::fail, "other bytes than were put", "readable at once");
  seen = good_write();
  seen.removed = std::unexpected(error_of(ErrorCode::denied));
  expect_finding(judge_write(seen), Grade::fail, "k can't be removed: what happened", "s3:DeleteObject");
  seen.first = std::unexpected(error_of(ErrorCode::transient));
  expect_finding(judge_write(seen), Grade::fail, "what happened; k may be there", "try again");
  seen = good_write();
  seen.first = std::unexpected(error_of(ErrorCode::denied));
  expect_finding(judge_write(seen), Grade::fail, "what happened", "--policy publisher");
}

TEST(DoctorDirectory, IsWrittenAndHasRoom) {
  DirectorySeen seen{.what = "cache",
                     .key = "cache.l2.segment_path",
                     .path = "/c/d",
                     .existing = "/c/d",
                     .writable = true,
                     .held = 10,
                     .available = 90,
                     .capacity = 100};
  expect_finding(judge_directory(seen), Grade::ok, "/c/d: 90 B free, 10 B held, 100 B of capacity", "");
  seen.capacity = 101;
  expect_finding(judge_directory(seen), Grade::warn, "101 B of capacity", "cache.l2.capacity");
  seen.writable = false;
  expect_finding(judge_directory(seen), Grade::warn, "/c/d can't be written", "set cache.l2.segment_path");
  seen.existing = "/c";
  expect_finding(judge_directory(seen), Grade::warn, "/c/d is not there, and this user can't make it in /c", "chown");
  seen.writable = true;
  seen.capacity.reset();
  expect_finding(judge_directory(seen), Grade::ok, "/c/d (not made yet): 90 B free", "");
}

TEST(DoctorDescriptors, MustSuffice) {
  expect_finding(judge_descriptors(100, 100), Grade::ok, "100 may be open", "");
  expect_finding(judge_descriptors(99, 100), Grade::warn, "99 may be open", "LimitNOFILE=100");
}

}  // namespace
}  // namespace seekfs::cli
