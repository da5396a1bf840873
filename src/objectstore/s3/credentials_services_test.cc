// The sources that ask a service: containers, web identity, instances.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "objectstore/s3/credentials_check.h"
#include "objectstore/s3/credentials_rig_testing.h"
#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;

/// A service on loopback that keeps what it was asked.
class CredentialsService : public testing::Test {
 protected:
  ServedReply serve(const ServedRequest& request) {
    MutexLock lock(mutex_);
    asked_.push_back(request);
    return answer_(request);
  }
  /// From here on; earlier failures hold back no request that comes.
  void answer(std::function<ServedReply(const ServedRequest&)> how) {
    rig.end_pause();
    MutexLock lock(mutex_);
    answer_ = std::move(how);
  }
  void answer(const ServedReply& reply) {
    answer([reply](const ServedRequest&) { return reply; });
  }
  std::vector<ServedRequest> asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }

  CredentialsRig rig;

 private:
  mutable Mutex mutex_;
  std::vector<ServedRequest> asked_ SEEKFS_GUARDED_BY(mutex_);
  std::function<ServedReply(const ServedRequest&)> answer_ SEEKFS_GUARDED_BY(mutex_) = [](const ServedRequest&) {
    return ServedReply{.status = 404};
  };

 protected:
  LoopbackHttpServer server{[this](const ServedRequest& request) { return serve(request); }};
};

class CredentialsOfContainers : public CredentialsService {
 protected:
  CredentialsOfContainers() { rig.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/role?a=b"); }
};

TEST_F(CredentialsOfContainers, AreAskedForWithATokenThatIsReadAnew) {
  rig.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush unused");
  rig.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", rig.write("token", "hush-1\n"));
  answer(rig.metadata("AKID1"));
  const auto reply = rig.get();
  expect_served(reply, "AKID1");
  EXPECT_EQ(rig.provider().source(), "container");
  rig.write("token", "hush-2\r\n");
  rig.advance(hours(1));
  answer(rig.metadata("AKID2"));
  EXPECT_EQ(rig.key(), "AKID2");
  const auto requests = asked();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(requests[0].target, "/role?a=b");
  EXPECT_EQ(requests[0].header("authorization"), "hush-1");
  EXPECT_EQ(requests[1].header("authorization"), "hush-2");
}

TEST_F(CredentialsOfContainers, MayBeAskedForWithATokenOfTheEnvironment) {
  rig.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic hush");
  answer(rig.metadata("AKID1"));
  EXPECT_EQ(rig.key(), "AKID1");
  EXPECT_EQ(asked().at(0).header("authorization"), "Basic hush");
}

TEST_F(CredentialsOfContainers, WithATokenThatBreaksAHeaderAreNotAskedFor) {
  rig.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush\r\nX-Other: 1");
  EXPECT_EQ(rig.error(ErrorCode::invalid), "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a control character");
  EXPECT_TRUE(asked().empty());
}

TEST_F(CredentialsOfContainers, WithoutTheTokenFileAreAnErrorThatNamesIt) {
  rig.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nothing/here");
  const std::string text = rig.error(ErrorCode::invalid);
  EXPECT_THAT(text, HasSubstr("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "));
  EXPECT_THAT(text, HasSubstr("/nothing/here"));
}

TEST_F(CredentialsOfContainers, ShowNothingOfAnAnswerThatIsWrong) {
  answer({.body = "AKID hush"});
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr("the container's credentials service gives no JSON object"));
  answer({.body = R"({"Code":"hush AKID","SecretAccessKey":"hush"})"});
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("answers an error without a name"));
  answer({.body = R"({"AccessKeyId":"AKID","SecretAccessKey":"hush hush"})"});
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr("the secret access key has a space"));
  answer({.status = 400, .body = "hush"});
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("answers with status 400"));
  answer({.body = std::string(2U << 20U, 'h')});
  EXPECT_EQ(rig.error(ErrorCode::invalid), "the answer of the credentials service is too long");
}

TEST_F(CredentialsOfContainers, AreAskedForThreeTimesWhenTheServiceFails) {
  answer({.status = 503, .body = "hush"});
  EXPECT_THAT(rig.error(ErrorCode::transient), HasSubstr("answers with status 503"));
  EXPECT_EQ(asked().size(), 3U);
}

TEST(CredentialsOfContainersUrl, MustBeHttpsOrOfATrustedHost) {
  struct Case {
    const char* url;
    const char* text;
  };
  for (const Case& wrong : {Case{"http://127.example.org/", "names the host 127.example.org by http"},
                            Case{"http://user:hush@127.0.0.1/", "is not an http or https URL of a host"},
                            Case{"http://127.0.0.1@192.0.2.1/hush", "is not an http or https URL of a host"},
                            Case{"file:///hush", "is not an http or https URL of a host"},
                            Case{"http://169.254.170.3/hush", "names the host 169.254.170.3 by http"}}) {
    CredentialsRig rig;
    rig.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", wrong.url);
    EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr(wrong.text)) << wrong.url;
  }
  CredentialsRig rig;
  rig.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@127.0.0.1/hush");
  EXPECT_EQ(rig.error(ErrorCode::invalid), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not start with a slash");
}

class CredentialsOfInstances : public CredentialsService {
 protected:
  CredentialsOfInstances() {
    rig.options.imds_endpoint = server.url() + "/";
    rig.set("AWS_EC2_METADATA_DISABLED", "false");
    answer([this](const ServedRequest& request) { return metadata(request); });
  }
  ServedReply metadata(const ServedRequest& request) const {
    if (request.method == "PUT") return {.body = "hush-token=="};
    if (request.header("x-aws-ec2-metadata-token") != "hush-token==") return {.status = 401};
    if (request.target == "/latest/meta-data/iam/security-credentials/") return {.body = "a role\nanother"};
    return rig.metadata("AKID1");
  }
  static ServedReply answer_to_get(const ServedRequest& request, const ServedReply& reply) {
    return request.method == "PUT" ? ServedReply{.body = "hush-token=="} : reply;
  }
};

TEST_F(CredentialsOfInstances, AreAskedForWithASessionToken) {
  EXPECT_EQ(rig.key(), "AKID1");
  EXPECT_EQ(rig.provider().source(), "IMDSv2 role a%20role");
  std::vector<std::string> requests;
  for (const ServedRequest& request : asked()) requests.push_back(request.method + " " + request.target);
  EXPECT_THAT(requests, ElementsAre("PUT /latest/api/token", "GET /latest/meta-data/iam/security-credentials/",
                                    "GET /latest/meta-data/iam/security-credentials/a%20role"));
  EXPECT_EQ(asked().at(0).header("x-aws-ec2-metadata-token-ttl-seconds"), "300");
  EXPECT_EQ(asked().at(0).header("content-length"), "0");
}

TEST_F(CredentialsOfInstances, AreNotAskedForWhenTheServiceIsOff) {
  rig.set("AWS_EC2_METADATA_DISABLED", "true");
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("IMDSv2 (AWS_EC2_METADATA_DISABLED)"));
  EXPECT_TRUE(asked().empty());
}

TEST_F(CredentialsOfInstances, AreAbsentWithoutARole) {
  for (const ServedReply& none : {ServedReply{.status = 404, .body = "hush"}, ServedReply{.body = "\n"}}) {
    answer([none](const ServedRequest& request) { return answer_to_get(request, none); });
    EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("IMDSv2 (the instance has no role)"));
  }
}

TEST_F(CredentialsOfInstances, AreAbsentWhenNothingAnswersUnlessTheyWereThereBefore) {
  answer({.no_reply = true});
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("IMDSv2 (no answer)"));
  answer([this](const ServedRequest& request) { return metadata(request); });
  EXPECT_EQ(rig.key(), "AKID1");
  answer({.no_reply = true});
  rig.advance(hours(1));
  rig.error(ErrorCode::transient);
}

TEST_F(CredentialsOfInstances, AreAnErrorWhenTheServiceRefuses) {
  answer({.status = 403, .body = "hush"});
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("is switched off for this instance (status 403)"));
  answer({.body = "hush with blanks"});
  EXPECT_EQ(rig.error(ErrorCode::invalid), "the instance metadata service gives no token");
  answer([](const ServedRequest& request) {
    return answer_to_get(request, {.body = R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"hush"})"});
  });
  EXPECT_EQ(rig.error(ErrorCode::denied), "the instance metadata service answers AssumeRoleUnauthorizedAccess");
}

class CredentialsOfWebIdentity : public CredentialsService {
 protected:
  CredentialsOfWebIdentity() {
    rig.options.sts_endpoint = server.url();
    rig.set("AWS_WEB_IDENTITY_TOKEN_FILE", rig.write("token", "hush.token\n"));
    rig.set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader");
    rig.set("AWS_ROLE_SESSION_NAME", "here");
  }
  static std::string assumed(std::string_view key, std::string_view expiration) {
    return fmt::format(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>hush+{0}</SessionToken>"
        "<SecretAccessKey>hush/{0}</SecretAccessKey><Expiration>{1}</Expiration><AccessKeyId>{0}</AccessKeyId>"
        "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        key, expiration);
  }
  static ServedReply refused(int status, std::string_view code) {
    return {.status = status,
            .body = fmt::format("<ErrorResponse><Error><Code>{}</Code><Message>hush</Message></Error></ErrorResponse>",
                                code)};
  }
};

TEST_F(CredentialsOfWebIdentity, AreExchangedForATokenThatIsReadAnew) {
  answer({.body = assumed("AKID1", rig.expiration(hours(1)))});
  const auto reply = rig.get();
  expect_served(reply, "AKID1");
  EXPECT_EQ(rig.provider().source(), "web identity as arn:aws:iam::123456789012:role/reader");
  rig.write("token", "hush.2");
  rig.advance(hours(1));
  answer({.body = assumed("AKID2", rig.expiration(hours(1)))});
  EXPECT_EQ(rig.key(), "AKID2");
  const auto requests = asked();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/");
  EXPECT_EQ(requests[0].header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(requests[0].body,
            "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader&"
            "RoleSessionName=here&Version=2011-06-15&WebIdentityToken=hush.token");
  EXPECT_THAT(requests[1].body, HasSubstr("WebIdentityToken=hush.2"));
}

TEST_F(CredentialsOfWebIdentity, AreDeniedWhenTheServiceRefuses) {
  answer(refused(400, "ExpiredTokenException"));
  EXPECT_EQ(rig.error(ErrorCode::denied), "AssumeRoleWithWebIdentity answers ExpiredTokenException (status 400)");
  answer(refused(400, "hush AKID"));
  EXPECT_EQ(rig.error(ErrorCode::denied), "AssumeRoleWithWebIdentity answers an error without a name (status 400)");
}

TEST_F(CredentialsOfWebIdentity, AreAwayForAWhileWhenTheServiceIs) {
  answer(refused(400, "IDPCommunicationError"));
  rig.error(ErrorCode::transient);
  answer(refused(500, "InternalFailure"));
  rig.error(ErrorCode::transient);
}

TEST_F(CredentialsOfWebIdentity, ShowNothingOfAnAnswerThatIsWrong) {
  answer({.body = "hush"});
  rig.error(ErrorCode::invalid);
  answer({.body = assumed("AKID1", "hush")});
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr("has no <Expiration>"));
  answer({.body = assumed("AKID 1", rig.expiration(hours(1)))});
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr("the access key id has a space"));
}

TEST_F(CredentialsOfWebIdentity, NeedARoleAndAToken) {
  rig.write("token", " \n");
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr("/token is empty"));
  CredentialsRig other;
  other.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nothing/here");
  EXPECT_EQ(other.error(ErrorCode::invalid), "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
}

TEST(CredentialsCheck, ReadsTimesWithFractionsAndOffsets) {
  const auto expected = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + hours(3);
  for (const char* text : {"2026-01-02T03:00:00Z", "2026-01-02T03:00:00.123Z", "2026-01-02T04:00:00+01:00",
                           "2026-01-02T01:30:00-0130", "2026-01-02T03:00:00.5+00:00"}) {
    EXPECT_EQ(parse_expiration(text), expected) << text;
  }
  for (const char* text : {"", "2026-01-02", "2026-01-02T03:00:00", "2026-01-02T03:00:00+1",
                           "2026-01-02T03:00:00+24:00", "2026-13-02T03:00:00Z", "tomorrow"}) {
    EXPECT_FALSE(parse_expiration(text)) << text;
  }
}

}  // namespace
}  // namespace seekfs::objectstore::s3
