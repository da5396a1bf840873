// Chooses among the stores of this build.
#include "app/store_factory.h"

#include <fmt/format.h>

#include <utility>

#include "app/build_info.h"
#include "env/process.h"
#include "objectstore/fs_store.h"
#include "objectstore/mem_store.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/s3_store.h"
#include "objectstore/wrappers.h"

namespace seekfs::app {
namespace {

using objectstore::ObjectStore;

constexpr const char* no_store_message =
    "no object store is configured. Name a bucket in a file (--config F):\n"
    "    [s3]\n"
    "    bucket = \"my-bucket\"\n"
    "or by environment:  SEEKFS_S3__BUCKET=my-bucket\n"
    "or use a directory: SEEKFS_STORE__TYPE=fs SEEKFS_STORE__PATH=/srv/seekfs\n"
    "                    or the flags --store.type fs --store.path /srv/seekfs";

objectstore::s3::CredentialsOptions credentials_options(const S3Config& s3) {
  return {.anonymous = s3.anonymous,
          .access_key_id = s3.access_key_id,
          .secret_access_key = s3.secret_access_key,
          .session_token = s3.session_token,
          .profile = s3.profile,
          .region = s3.region,
          .environment = env::environment(),
          .home = env::home_directory()};
}

objectstore::s3::EndpointOptions endpoint_options(const S3Config& s3) {
  return {.endpoint = s3.endpoint,
          .region = s3.region,
          .bucket = s3.bucket,
          .path_style = s3.path_style,
          .use_fips = s3.use_fips,
          .use_dualstack = s3.use_dualstack};
}

objectstore::s3::S3StoreOptions s3_options(const S3Config& s3) {
  objectstore::s3::S3StoreOptions options;
  options.endpoint = endpoint_options(s3);
  options.attempts.backoff.max_attempts = static_cast<std::uint32_t>(s3.retry_max_attempts);
  options.attempts.backoff.transient_base = s3.retry_initial_backoff;
  options.attempts.request_timeout = s3.request_timeout;
  return options;
}

Result<BuiltStore> make_s3(const Config& config, const StoreParts& parts) {
  const S3Config& s3 = config.s3;
  if (s3.bucket.empty()) return fail(ErrorCode::invalid, no_store_message);
  auto http = objectstore::s3::make_curl_client({.threads = static_cast<std::uint32_t>(s3.transfer_threads),
                                                 .connect_timeout = s3.connect_timeout,
                                                 .ca_bundle = s3.ca_bundle,
                                                 .user_agent = fmt::format("seekfs/{}", build_version())},
                                                parts.timers);
  auto credentials = objectstore::s3::make_credentials_provider(credentials_options(s3), {.http = *http,
                                                                                          .files = parts.files,
                                                                                          .timers = parts.timers,
                                                                                          .random = parts.random,
                                                                                          .pool = parts.pool,
                                                                                          .log = parts.log});
  SEEKFS_ASSIGN(auto store, objectstore::s3::make_s3_store(s3_options(s3), {.http = *http,
                                                                            .credentials = *credentials,
                                                                            .gate = parts.gate,
                                                                            .metrics = parts.metrics,
                                                                            .timers = parts.timers,
                                                                            .random = parts.random,
                                                                            .pool = parts.pool,
                                                                            .log = parts.log}));
  std::vector<std::unique_ptr<ObjectStore>> layers;
  layers.push_back(std::move(store));
  return BuiltStore(std::move(http), std::move(credentials), std::move(layers));
}

/// fs and mem: every operation is one request.
BuiltStore measured(std::unique_ptr<ObjectStore> store, objectstore::OriginMetrics& metrics) {
  std::vector<std::unique_ptr<ObjectStore>> layers;
  layers.push_back(std::move(store));
  layers.push_back(objectstore::make_instrumented_store(*layers.front(), metrics));
  return BuiltStore(nullptr, nullptr, std::move(layers));
}

Result<BuiltStore> make_base(const Config& config, const StoreParts& parts, StoreRoot root) {
  switch (config.store.type) {
    case StoreType::s3: return make_s3(config, parts);
    case StoreType::fs:
      if (root == StoreRoot::create) SEEKFS_TRY(objectstore::create_fs_store_root(parts.files, config.store.path));
      return measured(
          objectstore::make_fs_store(
              config.store.path,
              {.files = parts.files, .clock = parts.timers.clock(), .random = parts.random, .pool = parts.pool}),
          parts.metrics);
    case StoreType::mem: break;
  }
  return measured(objectstore::make_mem_store(parts.timers.clock()), parts.metrics);
}

}  // namespace

Result<BuiltStore> make_store(const Config& config, StoreParts parts, StoreRoot root) {
  SEEKFS_ASSIGN(BuiltStore built, make_base(config, parts, root));
  if (!config.store.prefix.empty()) built.add(objectstore::make_prefixed_store(built.store(), config.store.prefix));
  return built;
}

Result<objectstore::s3::Endpoint> s3_endpoint(const S3Config& config) {
  return objectstore::s3::Endpoint::make(endpoint_options(config));
}

objectstore::OriginGate::Limits gate_limits(const Config& config, std::size_t threads, env::Random& random) {
  if (config.store.type != StoreType::s3) return {.requests_per_second = 0, .max_in_flight = 4 * threads};
  return {.requests_per_second = config.s3.get_budget_per_sec,
          .max_in_flight = config.s3.max_inflight_gets,
          .breaker = true,
          .jitter_seed = random.next()};
}

}  // namespace seekfs::app
