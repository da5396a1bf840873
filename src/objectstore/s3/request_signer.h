// From an S3 request to the HTTP request that goes out: where the bucket is, whose credentials sign it, and by which
// clock. All three may be corrected by what the store answers.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "objectstore/origin_metrics.h"
#include "objectstore/s3/credentials.h"
#include "objectstore/s3/endpoint.h"
#include "objectstore/s3/failure.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

/// One request as S3 knows it.
struct S3Request {
  OriginOp op = OriginOp::get;
  std::string method = "GET";
  std::string key;  ///< empty: the bucket itself
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<HttpHeader> headers;
  BodySource* body = nullptr;
  ByteRange body_range;
  std::string payload_hash;    ///< SHA-256 in hex, or unsigned_payload; empty: there is no body
  std::string expected_error;  ///< a code of an <Error> that is an answer, too, e.g. "NoSuchUpload"; empty: none
  std::string action;          ///< for messages: "put a/b"
};

/// A request that may go out, and what it was made with.
struct SignedHttp {
  HttpRequest request;
  CredentialsRef credentials;
  std::string region;
  std::chrono::system_clock::time_point signed_at;  ///< by the corrected clock; of signed requests only
};

/// Thread-safe.
class RequestSigner {
 public:
  /// `credentials` and `clock` outlive it.
  RequestSigner(Endpoint endpoint, CredentialsProvider& credentials, const env::Clock& clock)
      : credentials_(credentials), clock_(clock), endpoint_(std::move(endpoint)) {}

  /// Errors are those of CredentialsProvider::get(), and timeout once `deadline` has come: nothing is sent, and nothing
  /// learnt of the store.
  async::Task<SignedHttp> sign(const S3Request& request, env::TimePoint deadline);

  /// Corrects what the store did not like: credentials, region or clock. False when there is nothing to correct.
  bool correct(const Failure& failure, const SignedHttp& refused);

  Endpoint endpoint() const;

 private:
  CredentialsProvider& credentials_;
  const env::Clock& clock_;
  std::atomic<std::int64_t> clock_offset_seconds_{0};
  mutable Mutex mutex_;
  Endpoint endpoint_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::objectstore::s3
