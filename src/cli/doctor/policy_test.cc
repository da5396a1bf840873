// The policies: valid JSON, the real names, and no right that is not needed.
#include "cli/doctor/policy.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

namespace seekfs::cli {
namespace {

namespace json = boost::json;

std::set<std::string> actions_of(const std::string& policy) {
  std::set<std::string> actions;
  for (const json::value& statement : json::parse(policy).at("Statement").as_array()) {
    EXPECT_EQ(statement.at("Effect").as_string(), "Allow");
    for (const json::value& action : statement.at("Action").as_array()) {
      actions.insert(std::string(action.as_string()));
    }
  }
  return actions;
}

TEST(DoctorPolicy, OfAReaderIsThis) {
  EXPECT_EQ(iam_policy(PolicyRole::reader, "data", "team/", "eu-west-1"),
            "{\n"
            "  \"Version\": \"2012-10-17\",\n"
            "  \"Statement\": [\n"
            "    {\n"
            "      \"Sid\": \"SeekFSList\",\n"
            "      \"Effect\": \"Allow\",\n"
            "      \"Action\": [\"s3:ListBucket\"],\n"
            "      \"Resource\": [\"arn:aws:s3:::data\"],\n"
            "      \"Condition\": {\"StringLikeIfExists\": {\"s3:prefix\": \"team/*\"}}\n"
            "    },\n"
            "    {\n"
            "      \"Sid\": \"SeekFSRead\",\n"
            "      \"Effect\": \"Allow\",\n"
            "      \"Action\": [\"s3:GetObject\", \"s3:GetObjectVersion\"],\n"
            "      \"Resource\": [\"arn:aws:s3:::data/team/*\"]\n"
            "    }\n"
            "  ]\n"
            "}\n");
}

TEST(DoctorPolicy, OfAPublisherHasTheRightsOfAReaderAndThoseToWrite) {
  const auto reader = actions_of(iam_policy(PolicyRole::reader, "data", "", "eu-west-1"));
  auto expected = reader;
  expected.insert({"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
                   "s3:ListBucketMultipartUploads"});
  EXPECT_EQ(actions_of(iam_policy(PolicyRole::publisher, "data", "", "eu-west-1")), expected);
  EXPECT_EQ(reader, (std::set<std::string>{"s3:ListBucket", "s3:GetObject", "s3:GetObjectVersion"}));
}

/// Of every statement with this action: its resources.
std::set<std::string> resources_of(const std::string& policy, std::string_view wanted) {
  std::set<std::string> resources;
  for (const json::value& statement : json::parse(policy).at("Statement").as_array()) {
    for (const json::value& action : statement.at("Action").as_array()) {
      if (action.as_string() != wanted) continue;
      for (const json::value& resource : statement.at("Resource").as_array()) {
        resources.insert(std::string(resource.as_string()));
      }
    }
  }
  return resources;
}

TEST(DoctorPolicy, OfAPublisherWritesOnlyWhereSeekFSHasItsOwnKeys) {
  const std::string policy = iam_policy(PolicyRole::publisher, "data", "team/", "eu-west-1");
  for (const char* action :
       {"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}) {
    EXPECT_EQ(resources_of(policy, action),
              (std::set<std::string>{"arn:aws:s3:::data/team/namespaces/*", "arn:aws:s3:::data/team/.seekfs-doctor/*"}))
        << action;
  }
  EXPECT_EQ(resources_of(policy, "s3:GetObject"), std::set<std::string>{"arn:aws:s3:::data/team/*"});
}

TEST(DoctorPolicy, PutsNoConditionWhereS3KnowsNone) {
  const auto policy = json::parse(iam_policy(PolicyRole::publisher, "data", "team/", "eu-west-1"));
  for (const json::value& statement : policy.at("Statement").as_array()) {
    EXPECT_EQ(statement.as_object().contains("Condition"), statement.at("Sid").as_string() == "SeekFSList");
  }
}

TEST(DoctorPolicy, WithoutAPrefixIsOfTheWholeBucket) {
  const auto policy = json::parse(iam_policy(PolicyRole::reader, "data", "", "eu-west-1"));
  EXPECT_FALSE(policy.at("Statement").at(0).as_object().contains("Condition"));
  EXPECT_EQ(policy.at("Statement").at(1).at("Resource").at(0).as_string(), "arn:aws:s3:::data/*");
}

TEST(DoctorPolicy, TakesTheCharactersOfThePrefixAsTheyAre) {
  const auto policy = json::parse(iam_policy(PolicyRole::reader, "data", "a*?$\"/", "eu-west-1"));
  EXPECT_EQ(policy.at("Statement").at(1).at("Resource").at(0).as_string(), "arn:aws:s3:::data/a${*}${?}${$}\"/*");
}

TEST(DoctorPolicy, NamesThePartitionOfTheRegion) {
  EXPECT_TRUE(iam_policy(PolicyRole::reader, "data", "", "cn-north-1").contains("arn:aws-cn:s3:::data"));
  EXPECT_TRUE(iam_policy(PolicyRole::reader, "data", "", "us-gov-west-1").contains("arn:aws-us-gov:s3:::data"));
}

}  // namespace
}  // namespace seekfs::cli
