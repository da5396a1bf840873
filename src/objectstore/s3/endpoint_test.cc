// Where requests go: AWS's host names by region and option, other servers', and what is refused.
#include "objectstore/s3/endpoint.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore::s3 {
namespace {

EndpointOptions in(std::string region) { return {.endpoint = {}, .region = std::move(region), .bucket = "data"}; }

EndpointOptions at(std::string endpoint, bool path_style) {
  return {.endpoint = std::move(endpoint), .region = "eu-west-1", .bucket = "data", .path_style = path_style};
}

std::string host_of(const EndpointOptions& options) {
  const auto endpoint = Endpoint::make(options);
  return endpoint ? endpoint->host() : endpoint.error().message;
}

std::string url_of(const EndpointOptions& options, std::string_view key) {
  const auto endpoint = Endpoint::make(options);
  return endpoint ? endpoint->url(key, {}) : endpoint.error().message;
}

/// What make() says; empty when it takes them.
std::string refusal_of(const EndpointOptions& options) {
  const auto endpoint = Endpoint::make(options);
  if (endpoint) return {};
  EXPECT_EQ(endpoint.error().code, ErrorCode::invalid);
  return endpoint.error().message;
}

TEST(Endpoint, OfAwsNamesTheBucketAndTheRegion) {
  EXPECT_EQ(host_of(in("us-east-1")), "data.s3.us-east-1.amazonaws.com");
  EXPECT_EQ(host_of(in("eu-west-1")), "data.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(url_of(in("eu-west-1"), "a/b c"), "https://data.s3.eu-west-1.amazonaws.com/a/b%20c");
  EXPECT_EQ(url_of(in("eu-west-1"), ""), "https://data.s3.eu-west-1.amazonaws.com/");
}

TEST(Endpoint, OfAwsInChinaAndInGovCloud) {
  EXPECT_EQ(host_of(in("cn-north-1")), "data.s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(host_of(in("us-gov-west-1")), "data.s3.us-gov-west-1.amazonaws.com");
}

TEST(Endpoint, OfAwsWithFipsAndDualStack) {
  EndpointOptions options = in("us-east-2");
  options.use_fips = true;
  EXPECT_EQ(host_of(options), "data.s3-fips.us-east-2.amazonaws.com");
  options.use_dualstack = true;
  EXPECT_EQ(host_of(options), "data.s3-fips.dualstack.us-east-2.amazonaws.com");
  options.use_fips = false;
  EXPECT_EQ(host_of(options), "data.s3.dualstack.us-east-2.amazonaws.com");
  options.region = "cn-north-1";
  EXPECT_EQ(host_of(options), "data.s3.dualstack.cn-north-1.amazonaws.com.cn");
}

TEST(Endpoint, PutsTheBucketIntoThePathOrIntoTheHost) {
  EndpointOptions options = in("eu-west-1");
  options.path_style = true;
  EXPECT_EQ(url_of(options, "k"), "https://s3.eu-west-1.amazonaws.com/data/k");
  EXPECT_EQ(url_of(options, ""), "https://s3.eu-west-1.amazonaws.com/data");
  EXPECT_EQ(url_of(at("http://127.0.0.1:9000", true), "k"), "http://127.0.0.1:9000/data/k");
  EXPECT_EQ(url_of(at("https://s3.example.com/", false), "k"), "https://data.s3.example.com/k");
  EXPECT_EQ(url_of(at("http://[::1]:9000", true), "k"), "http://[::1]:9000/data/k");
}

TEST(Endpoint, PutsTheQueryBehindThePath) {
  const auto endpoint = Endpoint::make(at("http://localhost:9000", false));
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->url("k", {{"uploads", ""}, {"prefix", "a b"}}),
            "http://data.localhost:9000/k?prefix=a%20b&uploads=");
}

TEST(Endpoint, InAnotherRegionHasAnotherNameOfAwsAndTheSameServerOfOnesOwn) {
  const auto aws = Endpoint::make(in("us-east-1"));
  ASSERT_TRUE(aws);
  EXPECT_EQ(aws->in_region("cn-north-1").host(), "data.s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(aws->in_region("eu-west-1").region(), "eu-west-1");
  const auto own = Endpoint::make(at("http://127.0.0.1:9000", true));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->in_region("eu-north-1").host(), "127.0.0.1:9000");
  EXPECT_EQ(own->in_region("eu-north-1").region(), "eu-north-1");
}

TEST(Endpoint, WithDotsInTheBucketIsOfPathStyleUnlessThereIsNoCertificate) {
  EndpointOptions options = in("eu-west-1");
  options.bucket = "my.data";
  EXPECT_TRUE(refusal_of(options).contains("path_style = true"));
  options.path_style = true;
  EXPECT_EQ(url_of(options, "k"), "https://s3.eu-west-1.amazonaws.com/my.data/k");
  options = at("http://localhost:9000", false);
  options.bucket = "my.data";
  EXPECT_EQ(host_of(options), "my.data.localhost:9000");
}

TEST(Endpoint, RefusesWhatIsNoPlace) {
  for (const char* endpoint : {"localhost:9000", "ftp://localhost", "http://", "http://host/path", "http://me@host"}) {
    EXPECT_TRUE(refusal_of(at(endpoint, true)).contains("[s3] endpoint")) << endpoint;
  }
  for (const char* bucket : {"", "ab", "a/b", ".data", "data.", "a b"}) {
    EndpointOptions options = at("http://localhost", true);
    options.bucket = bucket;
    EXPECT_TRUE(refusal_of(options).contains("[s3] bucket")) << bucket;
  }
  for (const char* region : {"", "eu west", "eu.west", "EU-WEST-1", "a/b"}) {
    EXPECT_TRUE(refusal_of(in(region)).contains("[s3] region")) << region;
  }
}

TEST(Endpoint, RefusesFipsAndDualStackWithAServerOfOnesOwn) {
  EndpointOptions options = at("https://s3.example.com", false);
  options.use_fips = true;
  EXPECT_TRUE(refusal_of(options).contains("use_fips"));
  options.use_fips = false;
  options.use_dualstack = true;
  EXPECT_TRUE(refusal_of(options).contains("use_dualstack"));
}

TEST(Endpoint, SaysWhereItIsWithoutTheStyle) {
  const auto endpoint = Endpoint::make(in("eu-west-1"));
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->description(), "s3://data at https://s3.eu-west-1.amazonaws.com");
}

}  // namespace
}  // namespace seekfs::objectstore::s3
