// The composition, as the daemon does it.
#include "objectstore/s3/s3_rig_testing.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace seekfs::objectstore::s3 {

S3Rig::S3Rig(S3RigOptions options)
    : secret_key_(options.secret_key),
      clock_(options.clock ? *options.clock : *machine_clock_),
      gate_(options.gate, timers_, registry_),
      http_(make_curl_client(
          {.stall_timeout = options.stall_timeout, .ca_bundle = options.ca_bundle, .user_agent = "seekfs-test"},
          timers_)),
      credentials_(make_credentials_provider({.anonymous = options.access_key.empty(),
                                              .access_key_id = options.access_key,
                                              .secret_access_key = options.secret_key},
                                             {.http = *http_,
                                              .files = env::posix_file_system(),
                                              .timers = timers_,
                                              .random = *random_,
                                              .pool = pool_,
                                              .log = log_})) {
  auto store = make_s3_store({.endpoint = {.endpoint = options.endpoint,
                                           .region = options.region,
                                           .bucket = options.bucket,
                                           .path_style = options.path_style},
                              .attempts = options.attempts,
                              .upload = options.upload},
                             {.http = *http_,
                              .credentials = options.credentials ? *options.credentials : *credentials_,
                              .gate = gate_,
                              .metrics = measured_,
                              .timers = timers_,
                              .random = *random_,
                              .pool = pool_,
                              .log = log_});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    std::abort();
  }
  store_ = *std::move(store);
}

std::uint64_t S3Rig::passed_the_gate() {
  const auto counts = registry_.histogram("seekfs_origin_budget_wait_seconds", "").snapshot().counts;
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

S3Rig::~S3Rig() {
  store_.reset();
  credentials_.reset();
  http_.reset();
  if (!secret_key_.empty()) EXPECT_FALSE(log_.text().contains(secret_key_));
}

}  // namespace seekfs::objectstore::s3
