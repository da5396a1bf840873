// What the gate decides when its parts meet: the breaker, the limits, the quota and the hedges.
#include "objectstore/origin_gate_policy.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = OriginGatePolicy::Verdict;

class OriginGatePolicyTest : public ::testing::Test {
 protected:
  /// A request that is answered at once.
  void ask_and_answer(OriginAnswer answer) {
    const auto decision = policy.request(now);
    ASSERT_EQ(decision.verdict, Verdict::pass);
    policy.report(answer, now, {}, now);
    policy.give_back(decision.probe, false);
  }
  void open_breaker() {
    while (!policy.open()) {
      now += milliseconds(100);
      ask_and_answer(OriginAnswer::transient);
    }
  }
  /// To where a probe is due.
  void wait_for_pause() { now = policy.request(now).at; }

  env::TimePoint now = env::TimePoint(hours(1));
  OriginGatePolicy policy{{.max_in_flight = 8, .breaker = true, .jitter_seed = 3}, now};
};

TEST_F(OriginGatePolicyTest, IsFullAtItsLimitUntilOneIsGivenBack) {
  for (int i = 0; i < 8; ++i) EXPECT_EQ(policy.request(now).verdict, Verdict::pass);
  EXPECT_EQ(policy.request(now).verdict, Verdict::full);
  policy.give_back(0, false);
  EXPECT_EQ(policy.request(now).verdict, Verdict::pass);
  EXPECT_EQ(policy.in_flight(), 8U);
}

TEST_F(OriginGatePolicyTest, ThrottlingShrinksTheLimitAndTheRateOnceForOneMoment) {
  for (int i = 0; i < 8; ++i) policy.request(now);
  for (int i = 0; i < 8; ++i) policy.report(OriginAnswer::throttled, now, {}, now);
  EXPECT_EQ(policy.limit(), 5U);
  ASSERT_TRUE(policy.rate());
  EXPECT_NEAR(*policy.rate(), 0.7 * 80, 1) << "eight requests in the least time that is measured, a tenth of a second";
}

TEST_F(OriginGatePolicyTest, ARequestThatWasNotSentIsNotAwaited) {
  for (int i = 0; i < 4; ++i) policy.request(now);
  policy.report(OriginAnswer::success, now, {}, now);
  policy.give_back(0, true);
  policy.report(OriginAnswer::throttled, now, {}, now);
  policy.report(OriginAnswer::throttled, now, {}, now);  // of the same moment
  const auto shrunk = policy.limit();
  now += seconds(10);
  ASSERT_EQ(policy.retry(now).verdict, Verdict::pass);
  policy.report(OriginAnswer::throttled, now, {}, now);
  EXPECT_LT(policy.limit(), shrunk) << "an answer of a later moment";
}

TEST_F(OriginGatePolicyTest, TheLowerOfTheTwoRatesBinds) {
  OriginGatePolicy fixed({.requests_per_second = 10, .max_in_flight = 1000}, now);
  EXPECT_EQ(fixed.request(now).verdict, Verdict::pass);
  const auto second = fixed.request(now);
  EXPECT_EQ(second.verdict, Verdict::later);
  EXPECT_NEAR(std::chrono::duration<double>(second.at - now).count(), 0.1, 0.001);
  fixed.report(OriginAnswer::throttled, now, {}, now);
  fixed.give_back(0, false);
  now = second.at;
  EXPECT_EQ(fixed.request(now).verdict, Verdict::later) << "seven a second, since ten were too many";
}

TEST_F(OriginGatePolicyTest, RefusesWhileOpenAndLetsOneProbeThrough) {
  open_breaker();
  EXPECT_EQ(policy.request(now).verdict, Verdict::refuse);
  EXPECT_EQ(policy.retry(now).verdict, Verdict::refuse);
  EXPECT_FALSE(policy.take_retry(RetryKind::transient));
  wait_for_pause();
  EXPECT_EQ(policy.retry(now).verdict, Verdict::refuse) << "a retry is never the probe";
  const auto probe = policy.request(now);
  EXPECT_EQ(probe.verdict, Verdict::pass);
  EXPECT_NE(probe.probe, 0U);
  EXPECT_EQ(policy.request(now).verdict, Verdict::refuse);
  policy.report(OriginAnswer::success, now, {}, now);
  policy.give_back(probe.probe, false);
  EXPECT_FALSE(policy.open());
  EXPECT_EQ(policy.limit(), 3U) << "two, and one for the probe's permit, from where slow start begins";
}

TEST_F(OriginGatePolicyTest, AThrottlingAnswerMeansThatTheOriginIsThere) {
  open_breaker();
  wait_for_pause();
  policy.request(now);
  policy.report(OriginAnswer::throttled, now, {}, now);
  EXPECT_FALSE(policy.open());
}

TEST_F(OriginGatePolicyTest, NobodyWaitsForPermitsThatHangWhileItIsOpen) {
  for (int i = 0; i < 8; ++i) policy.request(now);
  now += seconds(5);
  for (int i = 0; i < 8; ++i) policy.report(OriginAnswer::transient, now - seconds(5), {}, now);
  EXPECT_TRUE(policy.open());
  EXPECT_EQ(policy.request(now + hours(1)).verdict, Verdict::refuse);
}

TEST_F(OriginGatePolicyTest, AProbeThatIsCancelledLeavesItsPlace) {
  open_breaker();
  wait_for_pause();
  const auto probe = policy.request(now);
  policy.give_back(probe.probe, true);
  EXPECT_EQ(policy.in_flight(), 0U);
  EXPECT_EQ(policy.request(now).verdict, Verdict::pass);
}

TEST_F(OriginGatePolicyTest, WithoutABreakerFailuresRefuseNothing) {
  OriginGatePolicy plain({.max_in_flight = 8}, now);
  for (int i = 0; i < 100; ++i) {
    now += seconds(1);
    ASSERT_EQ(plain.request(now).verdict, Verdict::pass);
    plain.report(OriginAnswer::transient, now, {}, now);
    plain.give_back(0, false);
  }
}

TEST_F(OriginGatePolicyTest, HedgesAreForCalmTimesOnly) {
  for (int i = 0; i < 40; ++i) ask_and_answer(OriginAnswer::success);
  EXPECT_TRUE(policy.take_hedge(now));
  EXPECT_TRUE(policy.take_hedge(now));
  EXPECT_FALSE(policy.take_hedge(now)) << "two are a twentieth of forty";

  for (int i = 0; i < 40; ++i) ask_and_answer(OriginAnswer::success);
  ask_and_answer(OriginAnswer::throttled);
  for (int i = 0; i < 40; ++i) {
    now += seconds(1) / 10;
    ask_and_answer(OriginAnswer::success);
    EXPECT_FALSE(policy.take_hedge(now));
  }
}

TEST_F(OriginGatePolicyTest, NoHedgesForAWhileAfterThrottlingEvenIfMuchMayBeInFlight) {
  for (int i = 0; i < 100; ++i) ask_and_answer(OriginAnswer::success);
  for (int i = 0; i < 8; ++i) policy.request(now);
  policy.report(OriginAnswer::throttled, now, {}, now);
  EXPECT_EQ(policy.limit(), 5U);
  now += seconds(4);
  EXPECT_FALSE(policy.take_hedge(now));
  now += seconds(1);
  EXPECT_TRUE(policy.take_hedge(now));
}

TEST_F(OriginGatePolicyTest, NoHedgesWhileRetriesAreShort) {
  for (int i = 0; i < 100; ++i) ask_and_answer(OriginAnswer::success);
  while (policy.take_retry(RetryKind::transient)) {
  }
  EXPECT_FALSE(policy.take_hedge(now));
}

TEST_F(OriginGatePolicyTest, NoHedgesWhileFailuresAreSuspicious) {
  for (int i = 0; i < 40; ++i) ask_and_answer(OriginAnswer::success);
  for (int i = 0; i < 5; ++i) ask_and_answer(OriginAnswer::transient);
  EXPECT_FALSE(policy.take_hedge(now));
}

}  // namespace
}  // namespace seekfs::objectstore
