// Profiles: the files as text, and as a source of credentials.
#include "objectstore/s3/profile_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "objectstore/s3/credential_process.h"
#include "objectstore/s3/credentials_rig_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

Profiles parsed(std::string_view text, ProfileFile kind = ProfileFile::credentials) {
  Result<Profiles> profiles = parse_profiles(text, kind, "/f");
  if (profiles) return *std::move(profiles);
  ADD_FAILURE() << profiles.error().message;
  return {};
}

std::string parse_error(std::string_view text) {
  const Result<Profiles> profiles = parse_profiles(text, ProfileFile::credentials, "/f");
  if (profiles) return "no error";
  EXPECT_EQ(profiles.error().code, ErrorCode::invalid);
  expect_no_secret(profiles.error().message);
  return profiles.error().message;
}

TEST(ProfileFile, HasSettingsWithTheirPlaces) {
  auto profiles = parsed("# a comment\n\n[x]\nKey = a b=c \r\nother=1 ; a comment\n; one more\n[y]\nkey=a#b;c\n");
  ASSERT_TRUE(profiles.contains("x"));
  EXPECT_EQ(profiles["x"]["key"].value, "a b=c");
  EXPECT_EQ(profiles["x"]["key"].place, "/f:4");
  EXPECT_EQ(profiles["x"]["other"].value, "1");
  EXPECT_EQ(profiles["y"]["key"].value, "a#b;c");
  EXPECT_EQ(profiles["y"]["key"].place, "/f:8");
}

TEST(ProfileFile, OfTheConfigurationHasProfilesByTheirWord) {
  const auto profiles =
      parsed("[default]\na=1\n[profile x]\na=2\n[profile \"y z\"]\na=3\n[w]\na=4\n[sso-session s]\na=5\n",
             ProfileFile::config);
  EXPECT_THAT(profiles,
              UnorderedElementsAre(Pair("default", testing::_), Pair("x", testing::_), Pair("y z", testing::_)));
}

TEST(ProfileFile, OfCredentialsHasProfilesWithoutTheWord) {
  EXPECT_THAT(parsed("[default]\na=1\n[profile x]\na=2\n[y]\na=3\n"),
              UnorderedElementsAre(Pair("default", testing::_), Pair("y", testing::_)));
}

TEST(ProfileFile, LeavesOutTheSettingsWithinASetting) {
  auto profiles = parsed("[x]\ns3 =\n  key = inner\nkey = outer\n");
  EXPECT_EQ(profiles["x"]["key"].value, "outer");
  EXPECT_EQ(profiles["x"]["key"].place, "/f:4");
  EXPECT_EQ(profiles["x"].size(), 2U);
}

TEST(ProfileFile, MayBeginWithAByteOrderMarkAndEndWithoutALineBreak) {
  EXPECT_EQ(parsed("\xef\xbb\xbf[x]\nkey=1")["x"]["key"].value, "1");
}

TEST(ProfileFile, OfTwoSettingsOfANameHasTheLater) {
  EXPECT_EQ(parsed("[x]\nkey=1\n[y]\n[x]\nkey=2\n")["x"]["key"].value, "2");
}

TEST(ProfileFile, ErrorsNameFileAndLineButNotTheText) {
  EXPECT_EQ(parse_error("[x]\nkey=1\nhush/AKID\n"), "/f:3: neither a [section] nor a setting, name = value");
  EXPECT_EQ(parse_error("\n[hush\n"), "/f:2: a section without its ']'");
  EXPECT_EQ(parse_error("aws_secret_access_key=hush\n[x]\n"), "/f:1: a setting before the first [section]");
  EXPECT_EQ(parse_error("[x]\n\n\n= hush\n"), "/f:4: a setting without a name");
}

TEST(ProfileFile, CommandsAreSplitByAShellsRules) {
  const auto words = split_command(R"( /a/b "c d" e\ f 'g "\h' "i\"\j" "" k"l"'m')");
  ASSERT_TRUE(words) << words.error().message;
  EXPECT_THAT(*words, ElementsAre("/a/b", "c d", "e f", R"(g "\h)", R"(i"\j)", "", "klm"));
  for (const char* wrong : {"", "  ", "hush 'a", "hush \"a", "hush \\"}) {
    const auto split = split_command(wrong);
    ASSERT_FALSE(split) << wrong;
    EXPECT_EQ(split.error().code, ErrorCode::invalid);
    expect_no_secret(split.error().message);
  }
}

class ProfileFileSource : public testing::Test {
 protected:
  /// A program of the home that is a shell script.
  std::string program(std::string_view script) {
    const std::string path = rig.write("program", fmt::format("#!/bin/sh\n{}\n", script));
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    rig.end_pause();
    return path;
  }
  void use_process(const std::string& command) {
    rig.end_pause();
    rig.write(".aws/config", "[default]\nregion = here\ncredential_process = " + command + "\n");
  }
  std::string config() const { return rig.options.home + "/.aws/config"; }
  std::string credentials() const { return rig.options.home + "/.aws/credentials"; }

  CredentialsRig rig;
};

TEST_F(ProfileFileSource, GivesTheKeysOfTheDefaultProfile) {
  rig.write(".aws/credentials",
            "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = hush/file\naws_session_token = hush+t\n");
  const auto reply = rig.get();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ((*reply)->access_key_id, "AKIDFILE");
  EXPECT_EQ((*reply)->secret_access_key, "hush/file");
  EXPECT_EQ((*reply)->session_token, "hush+t");
  EXPECT_EQ(rig.provider().source(), fmt::format("profile 'default' ({}:2)", credentials()));
}

TEST_F(ProfileFileSource, TakesTheProfileThatTheEnvironmentNames) {
  rig.set("AWS_PROFILE", "x");
  rig.write(".aws/credentials",
            "[default]\naws_access_key_id=AKIDDEFAULT\naws_secret_access_key=hush\n"
            "[x]\naws_access_key_id=AKIDX\naws_secret_access_key=hush\n");
  EXPECT_EQ(rig.key(), "AKIDX");
}

TEST_F(ProfileFileSource, TakesTheFilesThatTheEnvironmentNames) {
  rig.set("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere");
  rig.set("AWS_CONFIG_FILE", rig.write("config", "[default]\naws_access_key_id=AKIDCONFIG\n"));
  rig.write("elsewhere", "[default]\naws_secret_access_key=hush\n");
  EXPECT_EQ(rig.key(), "AKIDCONFIG");
}

TEST_F(ProfileFileSource, PrefersTheCredentialsFileToTheConfiguration) {
  rig.write(".aws/config", "[default]\naws_access_key_id=AKIDCONFIG\naws_secret_access_key=hush/config\n");
  rig.write_profile();
  EXPECT_EQ(rig.key(), "AKIDFILE");
}

TEST_F(ProfileFileSource, ReadsTheFileAnewAfterARefusal) {
  rig.write(".aws/credentials", "[default]\naws_access_key_id=AKID1\naws_secret_access_key=hush\n");
  const auto first = rig.get();
  ASSERT_TRUE(first) << first.error().message;
  rig.write(".aws/credentials", "[default]\naws_access_key_id=AKID2\naws_secret_access_key=hush\n");
  EXPECT_EQ(rig.key(), "AKID1");
  rig.provider().refresh(*first);
  EXPECT_EQ(rig.key(), "AKID2");
}

TEST_F(ProfileFileSource, AProfileThatIsNamedMustBeThere) {
  rig.set("AWS_PROFILE", "x");
  rig.write(".aws/credentials", "[default]\naws_access_key_id=AKIDDEFAULT\naws_secret_access_key=hush\n");
  EXPECT_EQ(rig.error(ErrorCode::invalid), fmt::format("there is no profile 'x' in {} or {}", config(), credentials()));
}

TEST_F(ProfileFileSource, AProfileOfTheConfigurationMustHaveCredentials) {
  rig.options.profile = "x";
  rig.write(".aws/config", "[profile x]\nregion = here\n");
  EXPECT_EQ(rig.error(ErrorCode::invalid),
            fmt::format("profile 'x' has no credentials in {} or {}", config(), credentials()));
}

TEST_F(ProfileFileSource, HalfAPairIsAnErrorWithItsPlace) {
  rig.write(".aws/credentials", "[default]\n\naws_secret_access_key = hush\n");
  EXPECT_EQ(rig.error(ErrorCode::invalid),
            fmt::format("profile 'default' ({}:3): the access key id is missing", credentials()));
}

TEST_F(ProfileFileSource, AFileThatIsWrongIsAnErrorWithItsPlace) {
  rig.write(".aws/credentials", "[default]\naws_access_key_id=AKIDFILE\nhush/hush\n");
  EXPECT_EQ(rig.error(ErrorCode::invalid),
            fmt::format("{}:3: neither a [section] nor a setting, name = value", credentials()));
}

TEST_F(ProfileFileSource, ARoleIsRefusedWithItsPlaceAndTheWayOut) {
  rig.write(".aws/config", "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n");
  const std::string text = rig.error(ErrorCode::invalid);
  EXPECT_THAT(text, HasSubstr(fmt::format("role_arn of profile 'default' ({}:2) is not supported", config())));
  EXPECT_THAT(text, HasSubstr("set credential_process to a command that prints such credentials"));
}

TEST_F(ProfileFileSource, GivesWhatItsProcessPrints) {
  const std::string members = R"("Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s","SessionToken":"%s")";
  const std::string expiration = rig.expiration(std::chrono::hours(1));
  const std::string script = fmt::format(R"(printf '{{{},"Expiration":"{}"}}' "$@")", members, expiration);
  use_process(program(script) + R"( AKIDPROCESS "hush hush" hush+token)");
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr("the secret access key has a space"));
  use_process(program(script) + R"( AKIDPROCESS "hush"/hush hush+token)");
  const auto reply = rig.get();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ((*reply)->access_key_id, "AKIDPROCESS");
  EXPECT_EQ((*reply)->secret_access_key, "hush/hush");
  EXPECT_EQ((*reply)->session_token, "hush+token");
  EXPECT_TRUE((*reply)->expiration);
  EXPECT_EQ(rig.provider().source(), fmt::format("credential_process of profile 'default' ({}:3)", config()));
  use_process(program("exit 1"));
  rig.advance(std::chrono::hours(1));
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr("exit code 1"));
}

TEST_F(ProfileFileSource, AProcessGetsTheEnvironment) {
  rig.set("SOME_NAME", "AKIDENV");
  use_process(program(R"(echo "{\"Version\":1,\"AccessKeyId\":\"$SOME_NAME\",\"SecretAccessKey\":\"hush\"}")"));
  EXPECT_EQ(rig.key(), "AKIDENV");
}

TEST_F(ProfileFileSource, WhatAProcessPrintsIsInNoError) {
  const std::string what = fmt::format("credential_process of profile 'default' ({}:3)", config());
  use_process(program("echo hush; echo hush >&2; exit 7") + " hush");
  EXPECT_EQ(rig.error(ErrorCode::denied), what + ": the program ended with exit code 7; run it by hand to see why");
  program("echo AKID hush");
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr(what + " gives no JSON object"));
  program(R"(echo '{"Version":2,"AccessKeyId":"AKID","SecretAccessKey":"hush"}')");
  EXPECT_EQ(rig.error(ErrorCode::invalid), what + ": Version must be 1");
  program(R"(echo '{"Version":1,"AccessKeyId":"AKID"}')");
  EXPECT_EQ(rig.error(ErrorCode::invalid), what + ": the secret access key is missing");
  program(R"(echo '{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":["hush"]}')");
  EXPECT_EQ(rig.error(ErrorCode::invalid), what + ": SecretAccessKey is not a text");
  program(R"(echo '{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"hush","Expiration":"hush"}')");
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr(what + ": Expiration is not a time"));
}

TEST_F(ProfileFileSource, AProcessThatCanNotBeStartedIsAnErrorWithoutItsArguments) {
  use_process(rig.options.home + "/nothing hush");
  EXPECT_THAT(rig.error(ErrorCode::denied), HasSubstr(fmt::format("profile 'default' ({}:3): ", config())));
  use_process("'" + rig.options.home + " hush");
  EXPECT_THAT(rig.error(ErrorCode::invalid), HasSubstr(fmt::format("({}:3): a quote that does not end", config())));
}

}  // namespace
}  // namespace seekfs::objectstore::s3
