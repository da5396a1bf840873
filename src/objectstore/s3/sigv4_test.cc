// The signer against the public test suite of Signature Version 4, and what S3 wants otherwise.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include <boost/json.hpp>

#include "base/sha256.h"
#include "objectstore/s3/sigv4.h"

namespace seekfs::objectstore::s3 {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

/// 2015-08-30T12:36:00Z, when all requests of the suite are signed.
constexpr std::chrono::system_clock::time_point suite_time = std::chrono::sys_days(2015y / 8 / 30) + 12h + 36min;

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> decode_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    const std::size_t equals = std::min(item.find('='), item.size());
    out.emplace_back(decode(item.substr(0, equals)), decode(item.substr(std::min(equals + 1, item.size()))));
  }
  return out;
}

/// A request as the suite writes it: request line, header lines that may go on in lines that start with a space, body.
SigningRequest parse_request(std::string_view text) {
  SigningRequest request;
  const std::size_t end_of_head = text.find("\n\n");
  request.payload_hash = sha256(end_of_head == std::string_view::npos ? "" : text.substr(end_of_head + 2)).hex();
  std::string_view head = text.substr(0, end_of_head);

  const std::string_view line = head.substr(0, head.find('\n'));
  head.remove_prefix(std::min(line.size() + 1, head.size()));
  const std::size_t method_end = line.find(' ');
  const std::string_view target = line.substr(method_end + 1, line.rfind(' ') - method_end - 1);
  request.method = line.substr(0, method_end);
  request.path = target.substr(0, target.find('?'));
  if (request.path.size() < target.size()) request.query = decode_query(target.substr(request.path.size() + 1));

  while (!head.empty()) {
    std::size_t end = head.find('\n');
    while (end != std::string_view::npos && end + 1 < head.size() && head[end + 1] == ' ')
      end = head.find('\n', end + 1);
    const std::string_view header = head.substr(0, end);
    head.remove_prefix(std::min(header.size() + 1, head.size()));
    const std::size_t colon = header.find(':');
    request.headers.push_back({std::string(header.substr(0, colon)), std::string(header.substr(colon + 1))});
  }
  return request;
}

void check_case(const json::object& item) {
  SCOPED_TRACE(std::string(item.at("name").as_string()));
  const json::object& context = item.at("context").as_object();
  const json::object& keys = context.at("credentials").as_object();
  Credentials credentials{.access_key_id = std::string(keys.at("access_key_id").as_string()),
                          .secret_access_key = std::string(keys.at("secret_access_key").as_string()),
                          .session_token = "",
                          .expiration = std::nullopt};
  // Some services want the token added after signing; then it does not exist for the signer.
  const json::value* omit = context.if_contains("omit_session_token");
  if (keys.contains("token") && !(omit != nullptr && omit->as_bool())) {
    credentials.session_token = keys.at("token").as_string();
  }
  ASSERT_EQ(context.at("timestamp").as_string(), "2015-08-30T12:36:00Z");
  // The suite's paths are not encoded at all: encoded "again" they are encoded once, as the suite expects.
  const SigningRules rules{.region = std::string(context.at("region").as_string()),
                           .service = std::string(context.at("service").as_string()),
                           .encode_path_again = true,
                           .normalize_path = context.at("normalize").as_bool(),
                           .content_hash_header = context.at("sign_body").as_bool()};
  const SignedRequest made =
      sign_v4(parse_request(std::string(item.at("request").as_string())), credentials, rules, suite_time);
  EXPECT_EQ(made.canonical_request, item.at("canonical_request").as_string());
  EXPECT_EQ(made.string_to_sign, item.at("string_to_sign").as_string());
  const std::string signature = "Signature=" + std::string(item.at("signature").as_string());
  EXPECT_TRUE(made.headers.back().value.ends_with(signature)) << made.headers.back().value;
}

TEST(SigV4, SignsEveryCaseOfThePublicSuite) {
  const std::string path = SEEKFS_SOURCE_DIR "/../shared/data/sigv4-vectors.json";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << path << " is not there: the public test suite is not part of the source tree";
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  const json::value suite = json::parse(content);
  const json::array& cases = suite.at("cases").as_array();
  EXPECT_EQ(cases.size(), 38U);
  for (const json::value& item : cases) check_case(item.as_object());
}

/// The example of Amazon S3's documentation: GET of the first ten bytes of an object.
TEST(SigV4, SignsTheExampleOfTheS3Documentation) {
  const SigningRequest request{
      .method = "GET",
      .path = "/test.txt",
      .query = {},
      .headers = {{"Host", "examplebucket.s3.amazonaws.com"}, {"Range", "bytes=0-9"}},
      .payload_hash = std::string(empty_payload_hash),
  };
  const Credentials credentials{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                .session_token = "",
                                .expiration = std::nullopt};
  const SignedRequest made =
      sign_v4(request, credentials, {.region = "us-east-1"}, std::chrono::sys_days(2013y / 5 / 24));
  ASSERT_EQ(made.headers.size(), 3U);
  EXPECT_EQ(made.headers[0].name + "=" + made.headers[0].value, "x-amz-date=20130524T000000Z");
  EXPECT_EQ(made.headers[1].name + "=" + made.headers[1].value,
            "x-amz-content-sha256=" + std::string(empty_payload_hash));
  EXPECT_EQ(made.headers[2].name, "authorization");
  EXPECT_EQ(made.headers[2].value,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, LeavesAPathOfS3AsItIsAndSignsTheToken) {
  const SigningRequest request{.method = "GET",
                               .path = "/bucket//a%20b/../c",
                               .query = {},
                               .headers = {{"host", "h"}},
                               .payload_hash = std::string(unsigned_payload)};
  const Credentials credentials{
      .access_key_id = "A", .secret_access_key = "S", .session_token = "token", .expiration = std::nullopt};
  const SignedRequest made = sign_v4(request, credentials, {.region = "r"}, suite_time);
  EXPECT_EQ(
      made.canonical_request,
      "GET\n/bucket//a%20b/../c\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20150830T123600Z\n"
      "x-amz-security-token:token\n\nhost;x-amz-content-sha256;x-amz-date;x-amz-security-token\nUNSIGNED-PAYLOAD");
}

TEST(SigV4, KnowsTheHashOfNothing) { EXPECT_EQ(sha256("").hex(), empty_payload_hash); }

}  // namespace
}  // namespace seekfs::objectstore::s3
