// The configuration of the daemon and the tools as plain values, resolved from defaults, file, environment and flags.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "fetch/fetch_policy.h"

namespace seekfs::app {

enum class StoreType : std::uint8_t { s3, fs, mem };
enum class S3Engine : std::uint8_t { native, sdk, crt };
using fetch::FetchPolicy;
enum class L2Backend : std::uint8_t { segmentstore, blobdb, mem, none };
enum class L2Index : std::uint8_t { native, rocksdb };

struct StoreConfig {
  StoreType type = StoreType::s3;
  std::string path;    ///< of fs: its directory
  std::string prefix;  ///< before every key; empty or ends in "/"
};

struct S3Config {
  S3Engine engine = S3Engine::native;
  std::string endpoint;
  std::string region = "us-east-1";
  std::string bucket;
  bool path_style = false;  ///< resolved: true with an endpoint unless told
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::string profile;
  bool anonymous = false;
  std::string ca_bundle;
  bool use_fips = false;
  bool use_dualstack = false;
  std::uint64_t get_budget_per_sec = 0;
  std::uint64_t range_coalesce_max_bytes = 32U << 20U;
  std::uint64_t max_inflight_gets = 128;
  std::uint64_t retry_max_attempts = 3;
  std::chrono::milliseconds retry_initial_backoff{100};
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds request_timeout{60000};
  std::uint64_t transfer_threads = 1;
  FetchPolicy fetch_policy = FetchPolicy::balanced;
};

struct PublishConfig {
  std::optional<std::uint32_t> page_size;  ///< nothing: "auto"
};

struct L2Config {
  L2Backend backend = L2Backend::segmentstore;
  std::vector<std::string> segment_paths = {"/var/lib/seekfs/l2"};
  std::optional<std::uint64_t> capacity;  ///< bytes; nothing: "auto", which for `mem` is resolved to l1_memory
  std::string min_free = "10%";           ///< "N%" or a size that parse_size takes
  std::uint64_t segment_size = 1U << 30U;
  L2Index index = L2Index::native;
};

struct CacheConfig {
  std::uint64_t l1_memory = 0;  ///< bytes; "auto" is resolved when the configuration is loaded
  L2Config l2;
};

struct ManifestConfig {
  std::chrono::milliseconds ttl{10000};
  std::string cache_path = "/var/lib/seekfs/manifests";
  std::uint64_t memory =
      0;  ///< bytes that loaded manifests may take; "auto" is resolved: half of l1_memory, at least 256 MiB
  std::uint64_t max_pages = 100'000'000;
  std::uint64_t max_files = 10'000'000;
  std::uint64_t max_json_bytes = std::uint64_t{4} << 30U;
  std::uint64_t max_gzip_ratio = 200;
};

struct ApiConfig {
  std::vector<std::string> listen = {"127.0.0.1:7070"};
  std::string socket_mode = "0660";
  std::string socket_group;
  std::uint64_t threads = 0;
  bool insecure_listen = false;
  std::uint64_t max_connections = 8192;
  std::chrono::milliseconds idle_timeout{60000};
  std::uint64_t readv_max_items = 16384;
  std::uint64_t readv_max_bytes = 1U << 30U;
  bool dev_endpoints = false;
};

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::logfmt;
};

struct Config {
  StoreConfig store;
  S3Config s3;
  PublishConfig publish;
  CacheConfig cache;
  ManifestConfig manifest;
  ApiConfig api;
  LogConfig log;
};

}  // namespace seekfs::app
