// An S3 store with all that it needs, on a server of the test's choice.
#pragma once

#include <memory>
#include <string>

#include "async/thread_pool.h"
#include "async/timers.h"
#include "base/metrics.h"
#include "env/clock.h"
#include "env/random.h"
#include "objectstore/origin_gate.h"
#include "objectstore/origin_metrics.h"
#include "objectstore/s3/credentials.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/recording_logger_testing.h"
#include "objectstore/s3/s3_store.h"

namespace seekfs::objectstore::s3 {

inline constexpr std::string_view rig_access_key = "AKIDRIGRIGRIGRIG";
inline constexpr std::string_view rig_secret_key = "rig/secret+key/that/nobody/may/print/000";

struct S3RigOptions {
  std::string endpoint;
  std::string bucket = "bucket";
  std::string region = "us-east-1";
  bool path_style = true;
  std::string access_key = std::string(rig_access_key);
  std::string secret_key = std::string(rig_secret_key);
  std::string ca_bundle;
  AttemptLimits attempts{
      .backoff = {.transient_base = std::chrono::milliseconds(1), .throttled_base = std::chrono::milliseconds(1)}};
  UploadOptions upload;
  CredentialsProvider* credentials = nullptr;  ///< instead of the two keys; outlives the rig
  env::Clock* clock = nullptr;                 ///< instead of the machine's; outlives the rig
  std::chrono::milliseconds stall_timeout = CurlClientOptions().stall_timeout;
  OriginGate::Limits gate;
};

class S3Rig {
 public:
  /// Ends the test program when the options contradict themselves.
  explicit S3Rig(S3RigOptions options);
  /// Fails the test when the secret key was logged; every failed attempt logs its error.
  ~S3Rig();
  S3Rig(const S3Rig&) = delete;
  S3Rig& operator=(const S3Rig&) = delete;

  ObjectStore& store() { return *store_; }
  env::Clock& clock() { return clock_; }
  OriginGate& gate() { return gate_; }
  MetricsRegistry& metrics() { return registry_; }
  const RecordingLogger& log() const { return log_; }
  /// How many requests the gate has let through; hedges are not among them.
  std::uint64_t passed_the_gate();

 private:
  const std::string secret_key_;
  RecordingLogger log_;
  MetricsRegistry registry_;
  const std::unique_ptr<env::Clock> machine_clock_ = env::make_system_clock();
  env::Clock& clock_;
  async::Timers timers_{clock_};
  std::unique_ptr<env::Random> random_ = env::make_seeded_random(1);
  async::ThreadPool pool_{"s3-rig", 2};
  OriginMetrics measured_{registry_, clock_};
  OriginGate gate_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<CredentialsProvider> credentials_;
  std::unique_ptr<ObjectStore> store_;
};

}  // namespace seekfs::objectstore::s3
