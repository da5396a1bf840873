// An S3 server on loopback in this process, with one bucket, for tests: healthy by default, faulty by a script, and
// with everything that it was asked on record.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objectstore/s3/fake_bucket_testing.h"
#include "objectstore/s3/loopback_http_testing.h"
#include "objectstore/s3/s3_faults_testing.h"
#include "objectstore/s3/s3_request_testing.h"
#include "objectstore/s3/s3_signature_testing.h"

namespace seekfs::objectstore::s3 {

struct FakeS3Options {
  std::string bucket = "bucket";
  std::string region = "us-east-1";
  bool versioned = false;
  /// Of a part that is not the last. S3's own is 5 MiB.
  std::uint64_t min_part_size = std::uint64_t{5} << 20;
  /// Whose signatures count; none: signatures are not looked at.
  std::vector<FakeAccount> accounts;
  std::optional<LoopbackIdentity> identity;  ///< given: TLS
  std::uint16_t port = 0;                    ///< 0: a free one
  /// Answers instead of S3 when it returns a reply; nothing of it is counted. Called by several threads at once.
  std::function<std::optional<ServedReply>(const ServedRequest&)> before;
};

struct FakeS3Log {
  std::string method;
  S3Operation operation = S3Operation::unknown;
  std::string key;  ///< of a list the prefix
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;  ///< as received; names in lower case
  int status = 0;  ///< what the service answered, whatever the wire made of it
  std::string request_id;
  std::uint64_t connection = 0;
  std::chrono::milliseconds at{0};  ///< since the record began
};

struct FakeS3Second {
  std::uint64_t total = 0;
  std::uint64_t refused = 0;  ///< with 503
};

struct FakeS3Counters {
  std::map<S3Operation, std::uint64_t> by_operation;
  std::uint64_t total = 0;
  std::uint64_t throttled = 0;  ///< refused by the throttle
  std::uint64_t in_flight = 0;  ///< received, and the last byte of the reply is not out
  std::uint64_t max_in_flight = 0;
  std::vector<FakeS3Second> seconds;  ///< since the record began, the one under way last
};

/// Thread-safe. Every reply has Date, x-amz-request-id and x-amz-id-2.
class FakeS3 {
 public:
  explicit FakeS3(FakeS3Options options = {});
  ~FakeS3();
  FakeS3(const FakeS3&) = delete;
  FakeS3& operator=(const FakeS3&) = delete;

  std::string url() const;  ///< the endpoint, without the bucket
  const LoopbackHttpServer& http() const;
  FakeBucket& bucket();  ///< direct access to the objects

  void add_rule(FaultRule rule);
  void clear_rules();
  std::uint64_t faults_given() const;
  /// Requests a second, a tenth of them at once; more get 503 SlowDown. Nothing: no limit.
  void set_throttle(std::optional<double> per_second);
  void set_accounts(std::vector<FakeAccount> accounts);
  /// What the server's clock is ahead of this machine's.
  void set_clock_offset(std::chrono::seconds offset);

  FakeS3Counters counters() const;
  /// The newest, oldest first; at most 20,000.
  std::vector<FakeS3Log> log() const;
  /// Forgets the log and the counters, but for what is in flight, and begins anew.
  void reset_record();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace seekfs::objectstore::s3
