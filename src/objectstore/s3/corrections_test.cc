// What the engine corrects by what the store answers: credentials, clock and region, each once, and only on that word.
#include <algorithm>
#include <atomic>

#include "async/sync_wait.h"
#include "objectstore/s3/fake_and_store_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

/// Gives the rig's keys and counts how often they are called refused.
class CountingProvider final : public CredentialsProvider {
 public:
  async::Task<CredentialsRef> get(env::TimePoint) override { co_return keys_; }
  bool refresh(const CredentialsRef& refused) override {
    EXPECT_EQ(refused, keys_);
    ++refused_;
    return true;
  }
  std::string source() const override { return "a test"; }
  int refused() const { return refused_; }

 private:
  const CredentialsRef keys_ =
      std::make_shared<const Credentials>(Credentials{.access_key_id = std::string(rig_access_key),
                                                      .secret_access_key = std::string(rig_secret_key),
                                                      .session_token = {},
                                                      .expiration = {}});
  std::atomic<int> refused_ = 0;
};

class Corrections : public testing::Test {
 protected:
  Corrections() {
    EXPECT_TRUE(async::sync_wait(put_small(on.store(), "a", body, {}, {})));
    on.fake.reset_record();
  }

  Result<ObjectInfo> head() { return async::sync_wait(on.store().head({.key = "a"}, {})); }
  Result<std::string> get() {
    StringSink sink(1 * MiB);
    SEEKFS_TRY(async::sync_wait(on.store().get({.key = "a"}, std::nullopt, sink, {})));
    return sink.take();
  }
  void fault(std::vector<S3Operation> operations, Fault what, std::uint64_t times = 1'000) {
    on.fake.add_rule({.operations = std::move(operations), .times = times, .fault = std::move(what)});
  }
  std::uint64_t heads() { return on.fake.counters().by_operation[S3Operation::head]; }
  std::uint64_t gets() { return on.fake.counters().by_operation[S3Operation::get]; }

  const std::string body = patterned_body(300'000, 1);
  CountingProvider keys;
  FakeAndStore on{S3RigOptions{.credentials = &keys}};
};

TEST_F(Corrections, ExpiredCredentialsAreAskedForAnewOnce) {
  fault({}, {.kind = FaultKind::expired_token}, 1);
  EXPECT_TRUE(get() == body);
  EXPECT_EQ(keys.refused(), 1);
  on.fake.clear_rules();
  fault({}, {.kind = FaultKind::expired_token});
  EXPECT_EQ(code_of(get()), ErrorCode::denied);
  EXPECT_EQ(keys.refused(), 2);
}

TEST_F(Corrections, GivenKeysThatAreRefusedAreNotSentAgain) {
  FakeAndStore given;
  given.fake.add_rule({.fault = {.kind = FaultKind::expired_token}});
  StringSink sink(1 * MiB);
  EXPECT_EQ(code_of(async::sync_wait(given.store().get({.key = "a"}, std::nullopt, sink, {}))), ErrorCode::denied);
  EXPECT_EQ(given.fake.counters().total, 1U);
}

TEST_F(Corrections, AHeadLearnsByAGetThatItsCredentialsExpired) {
  fault({}, {.kind = FaultKind::expired_token}, 2);
  const auto info = head();
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size, body.size());
  EXPECT_EQ(keys.refused(), 1);
  EXPECT_EQ(heads(), 2U);
  EXPECT_EQ(gets(), 1U);
}

TEST_F(Corrections, AHeadThatIsABadRequestLeavesGoodCredentialsAlone) {
  fault({S3Operation::head}, {.kind = FaultKind::expired_token});
  EXPECT_EQ(code_of(head()), ErrorCode::denied) << "the GET is answered: it is not the credentials";
  EXPECT_EQ(keys.refused(), 0);
  EXPECT_EQ(heads(), 1U);
  EXPECT_EQ(gets(), 1U);
  on.fake.clear_rules();
  fault({}, {.kind = FaultKind::kms_disabled});
  on.fake.reset_record();
  const auto refused = head();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_NE(refused.error().message.find("KMS.DisabledException"), std::string::npos) << refused.error().message;
  EXPECT_EQ(keys.refused(), 0);
  EXPECT_EQ(heads() + gets(), 2U);
}

TEST_F(Corrections, AHeadAsksForTheReasonOnceHoweverOftenItIsRefused) {
  fault({}, {.kind = FaultKind::expired_token});
  EXPECT_EQ(code_of(head()), ErrorCode::denied);
  EXPECT_EQ(keys.refused(), 1);
  EXPECT_EQ(heads(), 2U);
  EXPECT_EQ(gets(), 1U);
}

TEST_F(Corrections, AHeadOfAnEmptyObjectDoesNotTakeItsReasonFromTheRange) {
  ASSERT_TRUE(async::sync_wait(put_small(on.store(), "a", "", {}, {})));
  fault({S3Operation::head}, {.kind = FaultKind::kms_disabled});
  EXPECT_EQ(code_of(head()), ErrorCode::denied);
}

TEST_F(Corrections, ABadRequestWithoutACodeLeavesGoodCredentialsAlone) {
  fault({S3Operation::get}, {.kind = FaultKind::empty_body, .status = 400});
  EXPECT_EQ(code_of(get()), ErrorCode::denied);
  EXPECT_EQ(keys.refused(), 0);
  EXPECT_EQ(gets(), 1U);
}

TEST_F(Corrections, AWrongClockIsSetByTheServersOnce) {
  on.fake.set_clock_offset(std::chrono::hours(3));
  EXPECT_TRUE(get() == body);
  EXPECT_EQ(gets(), 2U);
  EXPECT_TRUE(get() == body);
  EXPECT_EQ(gets(), 3U) << "the clock stays corrected";
  fault({}, {.kind = FaultKind::time_too_skewed});
  EXPECT_EQ(code_of(get()), ErrorCode::denied);
  EXPECT_EQ(gets(), 5U);
}

TEST_F(Corrections, AHeadSeesAWrongClockByTheDate) {
  for (const std::chrono::hours offset : {std::chrono::hours(3), std::chrono::hours(-3)}) {
    on.fake.set_clock_offset(offset);
    on.fake.reset_record();
    const auto info = head();
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(heads(), 2U);
    EXPECT_TRUE(head());
    EXPECT_EQ(heads(), 3U);
    EXPECT_EQ(gets(), 0U);
  }
}

TEST_F(Corrections, ADeniedHeadWhoseClockIsRightIsNotAskedAgain) {
  on.fake.set_clock_offset(std::chrono::minutes(4));
  fault({}, {.kind = FaultKind::access_denied});
  EXPECT_EQ(code_of(head()), ErrorCode::denied);
  EXPECT_EQ(heads(), 1U);
}

TEST_F(Corrections, ARegionIsCorrectedOnce) {
  FakeS3Options server = signed_bucket();
  server.region = "eu-north-1";
  FakeAndStore elsewhere({}, server);
  ASSERT_TRUE(async::sync_wait(put_small(elsewhere.store(), "a", "x", {}, {})));
  EXPECT_EQ(elsewhere.fake.counters().total, 2U);
  EXPECT_TRUE(async::sync_wait(elsewhere.store().head({.key = "a"}, {})));
  EXPECT_EQ(elsewhere.fake.counters().total, 3U) << "the region stays corrected";
  elsewhere.fake.add_rule({.fault = {.kind = FaultKind::wrong_region, .region = "us-west-2"}});
  EXPECT_EQ(code_of(async::sync_wait(elsewhere.store().head({.key = "a"}, {}))), ErrorCode::denied);
  EXPECT_EQ(elsewhere.fake.counters().total, 5U);
}

TEST_F(Corrections, AHeadLearnsByAGetThatTheBucketIsElsewhere) {
  FakeS3Options server = signed_bucket();
  server.region = "eu-north-1";
  FakeAndStore elsewhere({}, server);
  // AuthorizationHeaderMalformed, a 400 without a body.
  EXPECT_EQ(code_of(async::sync_wait(elsewhere.store().head({.key = "a"}, {}))), ErrorCode::not_found);
}

TEST_F(Corrections, ARegionThatIsNoNameGoesNowhere) {
  for (const std::string region : {"evil.example/", "eu-west-1.evil.example#", "x@y", "EU", "us-east-1"}) {
    on.fake.clear_rules();
    on.fake.reset_record();
    fault({}, {.kind = FaultKind::wrong_region, .region = region});
    EXPECT_EQ(code_of(get()), ErrorCode::denied) << region;
    EXPECT_EQ(gets(), 1U) << region;
  }
}

TEST_F(Corrections, EveryRequestAsksTheGate) {
  const auto budgeted = make_budgeted_store(on.store(), on.rig.gate());
  const std::uint64_t before = on.rig.passed_the_gate();
  fault({}, {.kind = FaultKind::expired_token}, 2);  // HEAD, the GET that asks why, HEAD
  const auto info = async::sync_wait(budgeted->head({.key = "a"}, {}));
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(on.fake.counters().total, 3U);
  EXPECT_EQ(on.rig.passed_the_gate() - before, 3U);
  fault({}, {.kind = FaultKind::internal_error}, 1);  // HEAD twice, DELETE
  ASSERT_TRUE(async::sync_wait(budgeted->remove({.key = "a", .if_match = info->etag}, {})));
  EXPECT_EQ(on.fake.counters().total, 6U);
  EXPECT_EQ(on.rig.passed_the_gate() - before, 6U);
}

/// Gives keys for the first request of every two.
class EveryOtherTimeProvider final : public CredentialsProvider {
 public:
  async::Task<CredentialsRef> get(env::TimePoint deadline) override {
    if (asked_++ % 2 == 1) co_return fail(ErrorCode::denied, "none this time");
    co_return co_await keys_.get(deadline);
  }
  bool refresh(const CredentialsRef&) override { return false; }
  std::string source() const override { return "a test"; }

 private:
  CountingProvider keys_;
  std::atomic<int> asked_ = 0;
};

TEST_F(Corrections, ARetryThatCannotBeSignedCostsNothing) {
  EveryOtherTimeProvider keys_every_other_time;
  FakeAndStore store{S3RigOptions{.credentials = &keys_every_other_time}};
  store.fake.add_rule({.fault = {.kind = FaultKind::internal_error}});
  for (int i = 0; i < 20; ++i) {
    StringSink sink(1 * MiB);
    EXPECT_EQ(code_of(async::sync_wait(store.store().head({.key = "a"}, {}))), ErrorCode::denied);
    EXPECT_EQ(code_of(async::sync_wait(store.store().get({.key = "a"}, std::nullopt, sink, {}))), ErrorCode::denied);
  }
  EXPECT_EQ(store.fake.counters().total, 40U);
  int left = 0;
  while (store.rig.gate().take_retry(RetryKind::transient)) ++left;
  EXPECT_EQ(left, RetryQuota::capacity / RetryQuota::transient_cost);
}

TEST_F(Corrections, ARedirectToAnotherHostIsNotFollowed) {
  std::atomic<int> strangers = 0;
  LoopbackHttpServer stranger([&](const ServedRequest&) {
    ++strangers;
    return ServedReply{.headers = {{"ETag", "\"x\""}}, .body = "a stranger's bytes"};
  });
  FakeS3Options server = signed_bucket();
  for (const int status : {301, 302, 303, 307, 308}) {
    server.before = [&, status](const ServedRequest& request) -> std::optional<ServedReply> {
      return ServedReply{
          .status = status, .headers = {{"Location", stranger.url() + request.target}}, .body = "elsewhere"};
    };
    FakeAndStore redirected({}, server);
    StringSink sink(1 * MiB);
    EXPECT_EQ(code_of(async::sync_wait(redirected.store().get({.key = "a"}, std::nullopt, sink, {}))),
              ErrorCode::denied)
        << status;
    EXPECT_EQ(code_of(async::sync_wait(redirected.store().head({.key = "a"}, {}))), ErrorCode::denied) << status;
    EXPECT_EQ(code_of(async::sync_wait(put_small(redirected.store(), "a", "x", {}, {}))), ErrorCode::denied) << status;
  }
  EXPECT_EQ(strangers, 0);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
