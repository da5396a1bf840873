// The checks of an S3 endpoint against a server that answers what the test says.
#include "cli/doctor/s3_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "async/thread_pool.h"
#include "async/timers.h"
#include "base/http_date.h"
#include "base/log.h"
#include "base/mutex.h"
#include "env/random.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::cli {
namespace {

namespace s3 = objectstore::s3;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* empty_list =
    "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated></ListBucketResult>";

std::string error_body(const std::string& code, const std::string& region = "") {
  return "<Error><Code>" + code + "</Code><Message>no</Message><Region>" + region + "</Region></Error>";
}

class DoctorS3Checks : public testing::Test {
 protected:
  s3::ServedReply serve(const s3::ServedRequest& request) {
    s3::ServedReply reply = request.method == "HEAD" ? s3::ServedReply{.status = 403} : list(request);
    reply.headers.emplace_back("Date", date());
    return reply;
  }
  std::string date() const {
    const auto now = clock.wall_now().time_since_epoch() + server_ahead;
    const auto text = format_http_date(std::chrono::floor<std::chrono::seconds>(now).count());
    return {text.data(), text.size()};
  }

  /// Whether the bucket can be used; what was found is in `found`.
  bool run() {
    auto endpoint = s3::Endpoint::make(
        {.endpoint = url.empty() ? server.url() : url, .region = "a-1", .bucket = "bucket", .path_style = true});
    EXPECT_TRUE(endpoint) << endpoint.error().message;
    const auto credentials = s3::make_credentials_provider(
        {.access_key_id = "AKIDEXAMPLE", .secret_access_key = secret}, {.http = *http,
                                                                        .files = env::posix_file_system(),
                                                                        .timers = timers,
                                                                        .random = *random,
                                                                        .pool = pool,
                                                                        .log = null_logger()});
    const auto usable =
        check_s3({.endpoint = *endpoint, .http = *http, .credentials = *credentials, .clock = clock, .prefix = "p/"},
                 [this](const Finding& finding) -> Status {
                   order.push_back(finding.check);
                   found[finding.check] = finding;
                   EXPECT_THAT(finding.seen + finding.fix, testing::Not(HasSubstr("hush")));
                   return {};
                 });
    EXPECT_TRUE(usable) << usable.error().message;
    return *usable;
  }

  env::ManualClock clock;
  async::Timers timers{clock};
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  async::ThreadPool pool{"credentials", 1};
  std::unique_ptr<s3::HttpClient> http = s3::make_curl_client({.user_agent = "test"}, timers);
  std::chrono::seconds server_ahead{0};
  std::function<s3::ServedReply(const s3::ServedRequest&)> list = [](const s3::ServedRequest&) {
    return s3::ServedReply{.body = empty_list};
  };
  std::string secret = "hush/secret";
  std::string url;  ///< instead of the server's
  std::vector<std::string> order;
  std::map<std::string, Finding> found;
  s3::LoopbackHttpServer server{[this](const s3::ServedRequest& request) { return serve(request); }};
};

TEST_F(DoctorS3Checks, AllAreWell) {
  EXPECT_TRUE(run());
  EXPECT_THAT(order, ElementsAre("connection", "clock", "credentials", "bucket"));
  for (const auto& [check, finding] : found) EXPECT_EQ(finding.grade, Grade::ok) << check << ": " << finding.seen;
  EXPECT_THAT(found["bucket"].seen, HasSubstr("below p/; it is empty"));
}

TEST_F(DoctorS3Checks, AClockThatIsWrongIsToldAndDoesNotHideTheBucket) {
  server_ahead = std::chrono::hours(1);
  bool refused = false;
  list = [&](const s3::ServedRequest&) {
    if (!std::exchange(refused, true))
      return s3::ServedReply{.status = 403, .body = error_body("RequestTimeTooSkewed")};
    return s3::ServedReply{.body = empty_list};
  };
  EXPECT_TRUE(run());
  EXPECT_EQ(found["clock"].grade, Grade::fail);
  EXPECT_THAT(found["clock"].seen, HasSubstr("60 min behind the server's"));
  EXPECT_EQ(found["bucket"].grade, Grade::ok) << found["bucket"].seen;
}

TEST_F(DoctorS3Checks, ABucketOfAnotherRegionIsFoundAndTold) {
  list = [](const s3::ServedRequest& request) {
    if (request.header("authorization").contains("/b-2/")) return s3::ServedReply{.body = empty_list};
    return s3::ServedReply{.status = 400, .body = error_body("AuthorizationHeaderMalformed", "b-2")};
  };
  EXPECT_TRUE(run());
  EXPECT_EQ(found["bucket"].grade, Grade::warn);
  EXPECT_THAT(found["bucket"].fix, HasSubstr("set [s3] region = \"b-2\""));
}

TEST_F(DoctorS3Checks, ARegionThatTheServerNamesOverAndOverIsAnError) {
  list = [](const s3::ServedRequest& request) {
    const bool second = request.header("authorization").contains("/b-2/");
    return s3::ServedReply{.status = 400, .body = error_body("AuthorizationHeaderMalformed", second ? "a-1" : "b-2")};
  };
  EXPECT_FALSE(run());
  EXPECT_EQ(found["bucket"].grade, Grade::fail);
}

TEST_F(DoctorS3Checks, ARefusalEndsIt) {
  list = [](const s3::ServedRequest&) { return s3::ServedReply{.status = 403, .body = error_body("AccessDenied")}; };
  EXPECT_FALSE(run());
  EXPECT_EQ(found["bucket"].grade, Grade::fail);
  EXPECT_THAT(found["bucket"].seen, HasSubstr("403 AccessDenied no"));
}

TEST_F(DoctorS3Checks, AServerThatIsNoStoreIsToldSo) {
  list = [](const s3::ServedRequest&) { return s3::ServedReply{.body = "<html>welcome</html>"}; };
  EXPECT_FALSE(run());
  EXPECT_THAT(found["bucket"].seen, HasSubstr("does not answer a list as S3 does"));
}

TEST_F(DoctorS3Checks, WithoutAServerTheCredentialsAreToldAllTheSame) {
  url = "http://127.0.0.1:1";
  EXPECT_FALSE(run());
  EXPECT_THAT(order, ElementsAre("connection", "credentials"));
  EXPECT_EQ(found["connection"].grade, Grade::fail);
  EXPECT_EQ(found["credentials"].grade, Grade::ok);
}

TEST_F(DoctorS3Checks, WithoutCredentialsNothingIsListed) {
  secret = "";
  EXPECT_FALSE(run());
  EXPECT_THAT(order, ElementsAre("connection", "clock", "credentials"));
  EXPECT_EQ(found["credentials"].grade, Grade::fail);
}

TEST(DoctorS3ChecksSink, AnErrorOfTheReaderEndsIt) {
  env::ManualClock clock;
  async::Timers timers(clock);
  const auto random = env::make_seeded_random(1);
  async::ThreadPool pool("credentials", 1);
  const auto http = s3::make_curl_client({.user_agent = "test"}, timers);
  const auto credentials = s3::make_credentials_provider({.anonymous = true}, {.http = *http,
                                                                               .files = env::posix_file_system(),
                                                                               .timers = timers,
                                                                               .random = *random,
                                                                               .pool = pool,
                                                                               .log = null_logger()});
  auto endpoint = s3::Endpoint::make({.endpoint = "http://127.0.0.1:1", .region = "a", .bucket = "bucket"});
  ASSERT_TRUE(endpoint);
  int calls = 0;
  const auto usable = check_s3({.endpoint = *endpoint, .http = *http, .credentials = *credentials, .clock = clock},
                               [&](const Finding&) -> Status {
                                 ++calls;
                                 return fail(ErrorCode::cancelled, "gone");
                               });
  ASSERT_FALSE(usable);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace seekfs::cli
