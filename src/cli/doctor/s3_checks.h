// The checks of `seekfs-ctl doctor` that look at an S3 endpoint from outside, by requests of their own.
#pragma once

#include <chrono>
#include <string>

#include "cli/doctor/finding.h"
#include "env/clock.h"
#include "objectstore/s3/credentials.h"
#include "objectstore/s3/endpoint.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::cli {

/// All references outlive the call.
struct S3Target {
  objectstore::s3::Endpoint endpoint;
  objectstore::s3::HttpClient& http;
  objectstore::s3::CredentialsProvider& credentials;
  const env::Clock& clock;
  std::string prefix;                         ///< [store] prefix
  std::chrono::milliseconds timeout{60'000};  ///< of one request
};

/// connection, clock, credentials, bucket; stops at the first that lets no other succeed. True when the bucket can be
/// used. Blocks; errors are those of `sink`.
Result<bool> check_s3(const S3Target& target, const FindingSink& sink);

}  // namespace seekfs::cli
