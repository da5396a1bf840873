// The provider: the order of its sources, and how what they gave is kept, renewed and given up.
#include "objectstore/s3/credentials.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "async/sync_wait.h"
#include "objectstore/s3/credentials_rig_testing.h"
#include "objectstore/s3/curl_client_testing.h"
#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(Credentials, AnonymousGivesNone) {
  CredentialsRig rig;
  rig.write_environment_keys();
  rig.options.anonymous = true;
  const auto reply = rig.get();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(*reply, nullptr);
  EXPECT_EQ(rig.provider().source(), "anonymous");
}

TEST(Credentials, ThoseOfTheConfigurationAreTheOnlyOnes) {
  CredentialsRig rig;
  rig.write_environment_keys();
  rig.write_configuration_keys();
  rig.options.session_token = "hush+token";
  EXPECT_EQ(rig.provider().source(), "configuration");
  const auto reply = rig.get();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ((*reply)->access_key_id, "AKIDCONFIG");
  EXPECT_EQ((*reply)->secret_access_key, "hush/config");
  EXPECT_EQ((*reply)->session_token, "hush+token");
  EXPECT_FALSE((*reply)->expiration);
}

TEST(Credentials, HalfAPairInTheConfigurationIsAnError) {
  CredentialsRig rig;
  rig.write_environment_keys();
  rig.options.access_key_id = "AKIDCONFIG";
  EXPECT_EQ(rig.error(ErrorCode::invalid), "configuration: the secret access key is missing");
}

TEST(Credentials, AKeyThatCanNotStandInAHeaderIsAnErrorThatDoesNotShowIt) {
  CredentialsRig rig;
  rig.options.access_key_id = "AKIDCONFIG";
  rig.options.secret_access_key = "hush/config\n";
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr("the secret access key has a space, a control character"));
}

TEST(Credentials, TheEnvironmentComesBeforeTheProfileFiles) {
  CredentialsRig rig;
  rig.write_environment_keys();
  rig.set("AWS_SESSION_TOKEN", "hush+env");
  rig.write_profile();
  const auto reply = rig.get();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ((*reply)->access_key_id, "AKIDENV");
  EXPECT_EQ((*reply)->secret_access_key, "hush/env");
  EXPECT_EQ((*reply)->session_token, "hush+env");
  EXPECT_EQ(rig.provider().source(), "environment");
}

TEST(Credentials, AProfileOfTheConfigurationComesBeforeTheEnvironment) {
  CredentialsRig rig;
  rig.write_environment_keys();
  rig.options.profile = "x";
  rig.write_profile("x");
  EXPECT_EQ(rig.key(), "AKIDFILE");
}

TEST(Credentials, HalfAPairInTheEnvironmentIsAnErrorAndTheNextSourceIsNotAsked) {
  CredentialsRig rig;
  rig.set("AWS_SECRET_ACCESS_KEY", "hush/env");
  rig.write_profile();
  EXPECT_EQ(rig.error(ErrorCode::invalid), "environment: the access key id is missing");
}

TEST(Credentials, WithoutAnyTheErrorListsTheSourcesInTheirOrderAndTheFix) {
  CredentialsRig rig;
  constexpr std::string_view order =
      "environment, then profile 'default', then web identity, then container, then IMDSv2";
  EXPECT_EQ(rig.provider().source(), order);
  const std::string text = rig.error(ErrorCode::denied);
  EXPECT_THAT(text, HasSubstr("tried: environment (not set), profile 'default' (no credentials in it), web identity "
                              "(AWS_WEB_IDENTITY_TOKEN_FILE is not set), container (AWS_CONTAINER_CREDENTIALS_* is not "
                              "set), IMDSv2 (AWS_EC2_METADATA_DISABLED)"));
  EXPECT_THAT(text, HasSubstr("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or [s3] anonymous = true"));
}

TEST(Credentials, AreFoundOnceTheyAreThere) {
  CredentialsRig rig;
  rig.error(ErrorCode::denied);
  rig.write_profile();
  rig.end_pause();
  EXPECT_EQ(rig.key(), "AKIDFILE");
}

/// A container's credentials service: each answer has a key of its own, AKID1, AKID2 and so on, good for an hour.
class CredentialsRenewal : public testing::Test {
 protected:
  CredentialsRenewal() { rig.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/"); }
  ~CredentialsRenewal() override { open.raise(); }

  ServedReply answer() {
    if (held) open.wait();
    if (down) return {.status = 403, .body = "hush"};
    return rig.metadata(fmt::format("AKID{}", same ? given.load() : ++given), lifetime.load());
  }

  /// get() until it gives `key`: what runs in the background has no other end that can be seen.
  void wait_for_key(const std::string& key) {
    while (rig.key() != key) std::this_thread::yield();
  }

  CredentialsRig rig;
  Signal open;
  std::atomic<bool> held = false;  ///< answers wait for `open`
  std::atomic<bool> down = false;
  std::atomic<bool> same = false;  ///< answers are all the last one
  std::atomic<int> given = 0;
  std::atomic<hours> lifetime = hours(1);
  LoopbackHttpServer server{[this](const ServedRequest&) { return answer(); }};
};

TEST_F(CredentialsRenewal, IsOneHoweverManyAsk) {
  held = true;
  constexpr int askers = 20;
  boost::asio::io_context context(1);
  std::vector<Result<CredentialsRef>> replies;
  for (int i = 0; i < askers; ++i) {
    boost::asio::co_spawn(
        context,
        [](CredentialsRig& asked,
           std::vector<Result<CredentialsRef>>& out) -> boost::asio::awaitable<void, async::Executor> {
          out.push_back(co_await asked.provider().get(asked.now() + hours(1)));
        }(rig, replies),
        boost::asio::detached);
  }
  context.poll();  // until all of them wait
  EXPECT_TRUE(replies.empty());
  open.raise();
  const auto keep_running = boost::asio::make_work_guard(context);
  while (replies.size() < askers) context.run_one();
  for (const auto& reply : replies) {
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ((*reply)->access_key_id, "AKID1");
  }
  EXPECT_EQ(server.requests(), 1U);
}

TEST_F(CredentialsRenewal, DoesNotComeMoreThanFiveMinutesBeforeTheEnd) {
  ASSERT_EQ(rig.key(), "AKID1");
  rig.advance(minutes(54));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rig.key(), "AKID1");
  EXPECT_EQ(server.requests(), 1U);
}

TEST_F(CredentialsRenewal, ComesFiveMinutesBeforeTheEndAndNobodyWaitsForIt) {
  ASSERT_EQ(rig.key(), "AKID1");
  rig.advance(minutes(55));
  held = true;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rig.key(), "AKID1");  // would hang if it waited
  open.raise();
  wait_for_key("AKID2");
  EXPECT_EQ(server.requests(), 2U);
}

TEST_F(CredentialsRenewal, IsWaitedForWhenTheOldOnesHaveExpired) {
  ASSERT_EQ(rig.key(), "AKID1");
  rig.advance(hours(1));
  EXPECT_EQ(rig.key(), "AKID2");
}

TEST_F(CredentialsRenewal, ThatFailsLeavesTheOldOnesInUseUntilTheyExpire) {
  ASSERT_EQ(rig.key(), "AKID1");
  down = true;
  rig.advance(minutes(56));
  EXPECT_EQ(rig.key(), "AKID1");
  rig.log().wait_for_lines(1);
  EXPECT_THAT(rig.log().text(), HasSubstr("credentials could not be renewed"));
  rig.advance(minutes(3));
  rig.advance(seconds(59));
  EXPECT_EQ(rig.key(), "AKID1");
  rig.advance(seconds(1));
  EXPECT_EQ(rig.error(ErrorCode::denied), "the container's credentials service answers with status 403");
  EXPECT_EQ(rig.log().lines(), 1U);  // once is enough
  down = false;
  rig.end_pause();
  EXPECT_EQ(rig.key(), "AKID2");
}

TEST_F(CredentialsRenewal, ThatFailsIsTriedAgainAfterHalfAMinute) {
  ASSERT_EQ(rig.key(), "AKID1");
  down = true;
  rig.advance(minutes(55));
  EXPECT_EQ(rig.key(), "AKID1");
  rig.log().wait_for_lines(1);
  const auto asked = server.requests();
  rig.advance(seconds(29));
  EXPECT_EQ(rig.key(), "AKID1");
  EXPECT_EQ(server.requests(), asked);
  down = false;
  rig.advance(seconds(1));
  wait_for_key("AKID2");
}

TEST_F(CredentialsRenewal, ThatDoesNotEndLeavesTheOldOnesInUseAtTheDeadline) {
  ASSERT_EQ(rig.key(), "AKID1");
  held = true;
  rig.advance(minutes(59) + seconds(30));
  const auto reply = async::sync_wait(rig.provider().get(rig.now()));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ((*reply)->access_key_id, "AKID1");
}

TEST_F(CredentialsRenewal, ThatDoesNotEndIsATimeoutWhenThereAreNone) {
  held = true;
  const auto reply = async::sync_wait(rig.provider().get(rig.now()));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::timeout);
}

TEST_F(CredentialsRenewal, FollowsARefusal) {
  const auto first = rig.get();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(rig.provider().refresh(*first));
  EXPECT_EQ(rig.key(), "AKID2");
  EXPECT_TRUE(rig.provider().refresh(*first));  // late news about others than those at hand
  EXPECT_EQ(rig.key(), "AKID2");
  EXPECT_EQ(server.requests(), 2U);
}

TEST_F(CredentialsRenewal, ThatGivesTheRefusedOnesAgainIsNotRepeatedByEveryRefusal) {
  ASSERT_EQ(rig.key(), "AKID1");
  same = true;
  const auto refuse = [this] {
    const auto given_now = rig.get();
    EXPECT_TRUE(given_now) << given_now.error().message;
    return rig.provider().refresh(*given_now);
  };
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(refuse(), i == 0);
    EXPECT_EQ(rig.key(), "AKID1");
  }
  EXPECT_EQ(server.requests(), 2U);
  same = false;
  rig.advance(seconds(1));
  refuse();
  EXPECT_EQ(rig.key(), "AKID2");
  refuse();  // others than the last time: these may be replaced at once
  EXPECT_EQ(rig.key(), "AKID3");
}

TEST_F(CredentialsRenewal, KeepsToTheSourceThatGaveTheFirst) {
  ASSERT_EQ(rig.key(), "AKID1");
  rig.write_profile();
  rig.advance(hours(1));
  EXPECT_EQ(rig.key(), "AKID2");
}

TEST_F(CredentialsRenewal, IsGivenUpWhenTheProviderGoes) {
  ASSERT_EQ(rig.key(), "AKID1");
  held = true;
  rig.advance(minutes(56));
  EXPECT_EQ(rig.key(), "AKID1");
  while (server.requests() < 2) std::this_thread::yield();
  rig.close();  // while the service holds its answer back
}

TEST_F(CredentialsRenewal, DoesNotGiveExpiredOnes) {
  lifetime = hours(-1);
  EXPECT_EQ(rig.error(ErrorCode::denied),
            "container gives credentials that expired 3600 s ago; renew them there, and look at this machine's clock");
  lifetime = hours(1);
  rig.end_pause();
  EXPECT_EQ(rig.key(), "AKID2");
}

TEST_F(CredentialsRenewal, DoesNotGiveThoseThatExpireThisVeryMoment) {
  lifetime = hours(0);
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("expired 0 s ago"));
}

TEST_F(CredentialsRenewal, ThatGivesExpiredOnesLeavesTheOldOnesInUse) {
  ASSERT_EQ(rig.key(), "AKID1");
  lifetime = hours(-1);
  rig.advance(minutes(56));
  EXPECT_EQ(rig.key(), "AKID1");
  rig.log().wait_for_lines(1);
  EXPECT_THAT(rig.log().text(), HasSubstr("container gives credentials that expired"));
  EXPECT_EQ(rig.key(), "AKID1");
}

TEST_F(CredentialsRenewal, LeavesAServiceThatIsDownAloneForAWhile) {
  down = true;
  const std::string first = rig.error(ErrorCode::denied);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rig.error(ErrorCode::denied), first);
  EXPECT_EQ(server.requests(), 1U);
  rig.advance(seconds(1));  // the first pause is no longer
  rig.error(ErrorCode::denied);
  EXPECT_EQ(server.requests(), 2U);
}

TEST_F(CredentialsRenewal, AsksAServiceThatStaysDownLessAndLessOften) {
  down = true;
  for (int second = 0; second < 3600; ++second) {
    rig.error(ErrorCode::denied);
    rig.advance(seconds(1));
  }
  // Each pause is from half of 30 s to all of it, once the first five have doubled from 1 s.
  EXPECT_GE(server.requests(), 3600U / 31);
  EXPECT_LE(server.requests(), 3600U / 15 + 5);
}

TEST_F(CredentialsRenewal, BeginsWithAShortPauseAgainOnceTheServiceWasThere) {
  down = true;
  for (int i = 0; i < 8; ++i) {
    rig.error(ErrorCode::denied);
    rig.end_pause();
  }
  down = false;
  ASSERT_EQ(rig.key(), "AKID1");
  down = true;
  rig.advance(hours(1));
  rig.error(ErrorCode::denied);
  down = false;
  rig.advance(seconds(1));
  EXPECT_EQ(rig.key(), "AKID2");
}

TEST_F(CredentialsRenewal, ThatFailsAfterARefusalIsNotTriedByEveryRequest) {
  const auto first = rig.get();
  ASSERT_TRUE(first) << first.error().message;
  rig.provider().refresh(*first);
  down = true;
  for (int i = 0; i < 10; ++i) rig.error(ErrorCode::denied);
  EXPECT_EQ(server.requests(), 2U);
  down = false;
  rig.advance(seconds(1));
  EXPECT_EQ(rig.key(), "AKID2");
}

TEST(Credentials, OfTheConfigurationAreNotAskedForAnewWhenRefused) {
  CredentialsRig rig;
  rig.write_configuration_keys();
  const auto first = rig.get();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_FALSE(rig.provider().refresh(*first));
  const auto second = rig.get();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(*second, *first);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
