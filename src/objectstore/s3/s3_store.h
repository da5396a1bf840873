// An S3 bucket as an ObjectStore: the native engine.
#pragma once

#include <chrono>
#include <memory>

#include "async/thread_pool.h"
#include "async/timers.h"
#include "base/log.h"
#include "env/random.h"
#include "objectstore/object_store.h"
#include "objectstore/origin_gate.h"
#include "objectstore/origin_metrics.h"
#include "objectstore/s3/attempts.h"
#include "objectstore/s3/credentials.h"
#include "objectstore/s3/endpoint.h"
#include "objectstore/s3/http_client.h"
#include "objectstore/s3/upload.h"

namespace seekfs::objectstore::s3 {

struct S3StoreOptions {
  EndpointOptions endpoint;
  AttemptLimits attempts;
  UploadOptions upload;
};

/// What the store works with; all outlive it. It measures every request by itself and tells the gate of it. Its
/// caller holds a permit for each operation, which pays its first request; the store asks the gate for each one that
/// follows, and takes permits for parts that are sent side by side.
struct S3StoreParts {
  HttpClient& http;
  CredentialsProvider& credentials;
  OriginGate& gate;
  OriginMetrics& metrics;
  async::Timers& timers;
  env::Random& random;
  async::ThreadPool& pool;
  Logger& log;
};

/// `invalid` when the endpoint's options contradict themselves.
Result<std::unique_ptr<ObjectStore>> make_s3_store(S3StoreOptions options, S3StoreParts parts);

}  // namespace seekfs::objectstore::s3
