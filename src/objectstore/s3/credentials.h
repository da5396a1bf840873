// AWS credentials: what they are, and where they come from. The sources and their order are SPEC section 6.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/task.h"
#include "async/timers.h"
#include "base/log.h"
#include "env/file.h"
#include "env/random.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::async {
class ThreadPool;
}

namespace seekfs::objectstore::s3 {

/// A value that never is in a log, an error or a metric.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;                                        ///< empty: long-term credentials
  std::optional<std::chrono::system_clock::time_point> expiration;  ///< nothing: never
};
using CredentialsRef = std::shared_ptr<const Credentials>;

/// Thread-safe.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// Null: requests go out unsigned. Refreshed in one flight, before they expire; those at hand are given until they
  /// expire when the refresh fails. After a failure with none at hand, the sources are left alone for a while (1 s,
  /// doubling to 30 s, with jitter), and callers get the same error at once. Errors: denied (no source has any: the
  /// message lists the sources that were tried and the fix; or the source refuses, or gives expired ones), transient
  /// (its service is away and there are none that still hold), timeout, invalid (a file or a reply that can't be read,
  /// with its name and line).
  virtual async::Task<CredentialsRef> get(env::TimePoint deadline) = 0;
  /// The object store said that `refused` are expired or unknown: the next get() asks the source anew, when these are
  /// the ones at hand and the source can give others. A source that gave the same again is left alone for a while.
  /// False: the next get() gives the same, so that a request they were refused for is not worth another try.
  virtual bool refresh(const CredentialsRef& refused) = 0;
  /// For people: "environment", "profile 'x' of /root/.aws/credentials", "IMDSv2 role r"; before the first get() what
  /// will be tried. Holds no secret.
  virtual std::string source() const = 0;
};

struct CredentialsOptions {
  // From the configuration; the first that is given is the only source.
  bool anonymous = false;
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::string profile;  ///< else $AWS_PROFILE, else "default"

  std::string region = "us-east-1";  ///< of the security token service
  std::vector<std::pair<std::string, std::string>> environment;
  std::string home;
  std::string sts_endpoint;   ///< for tests; empty: AWS's by region, or $AWS_ENDPOINT_URL_STS
  std::string imds_endpoint;  ///< for tests; empty: http://169.254.169.254, or $AWS_EC2_METADATA_SERVICE_ENDPOINT
};

/// What providers work with; all outlive them.
struct CredentialsParts {
  HttpClient& http;
  env::FileSystem& files;
  async::Timers& timers;
  env::Random& random;
  async::ThreadPool& pool;  ///< where files are read and processes run
  Logger& log;
};

/// Static credentials, or the chain environment, profile files (static and credential_process), web identity,
/// container, IMDSv2. The chain keeps to the first source that gives any.
std::unique_ptr<CredentialsProvider> make_credentials_provider(CredentialsOptions options, CredentialsParts parts);

}  // namespace seekfs::objectstore::s3
