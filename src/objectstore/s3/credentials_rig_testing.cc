// The composition, as the daemon does it, but for the clock and the logger.
#include "objectstore/s3/credentials_rig_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "async/sync_wait.h"
#include "objectstore/s3/curl_client.h"

namespace seekfs::objectstore::s3 {

void expect_no_secret(std::string_view text) {
  EXPECT_FALSE(text.contains(secret_mark)) << text;
  EXPECT_FALSE(text.contains(key_id_mark)) << text;
}

CredentialsRig::CredentialsRig() : http_(make_curl_client({.user_agent = "seekfs-test"}, timers_)) {
  options.home = home_.path();
  set("AWS_EC2_METADATA_DISABLED", "true");
}

CredentialsRig::~CredentialsRig() {
  provider_.reset();
  expect_no_secret(log_.text());
}

void CredentialsRig::set(std::string name, std::string value) {
  std::erase_if(options.environment, [&](const auto& variable) { return variable.first == name; });
  options.environment.emplace_back(std::move(name), std::move(value));
}

std::string CredentialsRig::write(const std::string& name, std::string_view content) {
  const std::string path = home_.at(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  EXPECT_TRUE(file.flush().good()) << path;
  return path;
}

void CredentialsRig::write_environment_keys() {
  set("AWS_ACCESS_KEY_ID", "AKIDENV");
  set("AWS_SECRET_ACCESS_KEY", "hush/env");
}

void CredentialsRig::write_configuration_keys() {
  options.access_key_id = "AKIDCONFIG";
  options.secret_access_key = "hush/config";
}

void CredentialsRig::write_profile(std::string_view profile) {
  write(".aws/credentials",
        fmt::format("[{}]\naws_access_key_id=AKIDFILE\naws_secret_access_key=hush/file\n", profile));
}

CredentialsProvider& CredentialsRig::provider() {
  if (!provider_) {
    provider_ = make_credentials_provider(options, {.http = *http_,
                                                    .files = env::posix_file_system(),
                                                    .timers = timers_,
                                                    .random = *random_,
                                                    .pool = pool_,
                                                    .log = log_});
  }
  return *provider_;
}

Result<CredentialsRef> CredentialsRig::get() {
  Result<CredentialsRef> reply = async::sync_wait(provider().get(now() + std::chrono::hours(1)));
  if (!reply) expect_no_secret(reply.error().message);
  expect_no_secret(provider().source());
  return reply;
}

std::string CredentialsRig::key() {
  const Result<CredentialsRef> reply = get();
  if (!reply) return reply.error().message;
  return *reply ? (*reply)->access_key_id : "none";
}

std::string CredentialsRig::error(ErrorCode expected) {
  const Result<CredentialsRef> reply = get();
  if (reply) {
    ADD_FAILURE() << "there are credentials, by " << provider().source();
    return {};
  }
  EXPECT_EQ(reply.error().code, expected) << reply.error().message;
  return reply.error().message;
}

std::string CredentialsRig::expiration(std::chrono::seconds from_now) const {
  const auto when = std::chrono::floor<std::chrono::seconds>(clock_.wall_now()) + from_now;
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(when - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

ServedReply CredentialsRig::metadata(std::string_view key, std::chrono::seconds holds_for) const {
  return {
      .body = fmt::format(
          R"({{"Code":"Success","AccessKeyId":"{0}","SecretAccessKey":"hush/{0}","Token":"hush+{0}","Expiration":"{1}"}})",
          key, expiration(holds_for))};
}

void expect_served(const Result<CredentialsRef>& reply, std::string_view key) {
  if (!reply || !*reply) {
    ADD_FAILURE() << (reply ? "anonymous" : reply.error().message);
    return;
  }
  EXPECT_EQ((*reply)->access_key_id, key);
  EXPECT_EQ((*reply)->secret_access_key, fmt::format("hush/{}", key));
  EXPECT_EQ((*reply)->session_token, fmt::format("hush+{}", key));
  EXPECT_TRUE((*reply)->expiration);
}

}  // namespace seekfs::objectstore::s3
