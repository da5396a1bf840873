// A credentials provider with all that it needs, on a clock that the test moves; the watch over secrets in messages.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/thread_pool.h"
#include "async/timers.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/temp_directory_testing.h"
#include "objectstore/s3/credentials.h"
#include "objectstore/s3/credentials_pause.h"
#include "objectstore/s3/loopback_http_testing.h"
#include "objectstore/s3/recording_logger_testing.h"

namespace seekfs::objectstore::s3 {

/// Every secret of these tests has the one in it, every access key id the other, and no message may have either.
inline constexpr std::string_view secret_mark = "hush";
inline constexpr std::string_view key_id_mark = "AKID";

/// Fails the test when `text` has a part of a secret.
void expect_no_secret(std::string_view text);

/// The options are changed before the first get(). No source but those that the test sets up: the home is a directory
/// of its own, and the instance metadata service is off.
class CredentialsRig {
 public:
  CredentialsRig();
  ~CredentialsRig();  ///< fails the test when a secret was logged
  CredentialsRig(const CredentialsRig&) = delete;
  CredentialsRig& operator=(const CredentialsRig&) = delete;

  CredentialsOptions options;
  void set(std::string name, std::string value);  ///< a variable of the environment
  /// Writes a file below the home, with the directories on its way; its path.
  std::string write(const std::string& name, std::string_view content);
  // Keys in one place each, with the id AKIDENV, AKIDCONFIG or AKIDFILE and the secret hush/env, hush/config,
  // hush/file.
  void write_environment_keys();
  void write_configuration_keys();
  void write_profile(std::string_view profile = "default");

  CredentialsProvider& provider();
  void close() { provider_.reset(); }
  /// With an hour for it. Fails the test when an error or the source's name has a secret in it.
  Result<CredentialsRef> get();
  /// The key's id, or the error's text.
  std::string key();
  /// The error's text; fails the test when there is none, or when it has another code.
  std::string error(ErrorCode expected);

  void advance(std::chrono::seconds by) { clock_.advance(by); }
  /// The sources are asked again, however often they failed.
  void end_pause() { clock_.advance(CredentialsPause::longest); }
  env::TimePoint now() const { return clock_.now(); }
  /// A moment from now, as the services write it.
  std::string expiration(std::chrono::seconds from_now) const;
  /// What a metadata service answers: the key id `key`, the secret hush/`key` and the token hush+`key`.
  ServedReply metadata(std::string_view key, std::chrono::seconds holds_for = std::chrono::hours(1)) const;
  RecordingLogger& log() { return log_; }

 private:
  env::ManualClock clock_;
  async::Timers timers_{clock_};
  std::unique_ptr<env::Random> random_ = env::make_seeded_random(1);
  async::ThreadPool pool_{"credentials", 2};
  env::TempDirectory home_;
  RecordingLogger log_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<CredentialsProvider> provider_;
};

/// Fails the test unless `reply` is what a service with the key `key` gave: its secret and its token, with an end.
void expect_served(const Result<CredentialsRef>& reply, std::string_view key);

}  // namespace seekfs::objectstore::s3
