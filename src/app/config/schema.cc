// The table itself: one entry a key, in the order of seekfs.toml.
#include "app/config/schema.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "app/config/fields.h"
#include "base/units.h"

namespace seekfs::app {
namespace {

constexpr std::uint64_t day_ms = 24ULL * 3600 * 1000;
constexpr std::uint64_t max_memory = std::uint64_t{1} << 50U;

constexpr ValueRule text{.type = ValueType::text};
constexpr ValueRule boolean{.type = ValueType::boolean};
constexpr ValueRule list{.type = ValueType::list};

constexpr ValueRule choice(std::string_view choices, std::string_view alias = {}) {
  return {.type = ValueType::choice, .choices = choices, .choice_alias = alias};
}
constexpr ValueRule integer(std::uint64_t least, std::uint64_t most) {
  return {.type = ValueType::integer, .least = least, .most = most};
}
constexpr ValueRule size(std::uint64_t least, std::uint64_t most) {
  return {.type = ValueType::size, .least = least, .most = most};
}
constexpr ValueRule duration(std::uint64_t least_ms, std::uint64_t most_ms) {
  return {.type = ValueType::duration, .least = least_ms, .most = most_ms};
}
constexpr ValueRule automatic(ValueRule rule) {
  rule.automatic = true;
  return rule;
}

template <auto... Path>
constexpr Key key(std::string_view name, std::string_view fallback, ValueRule rule, std::string_view doc) {
  using Access = Field<1, Path...>;
  return {.name = name, .fallback = fallback, .doc = doc, .rule = rule, .store = &Access::store, .load = &Access::load};
}

/// A key whose number in the file is of another unit than the member.
template <std::uint64_t Scale, auto... Path>
constexpr Key scaled(std::string_view name, std::string_view fallback, ValueRule rule, std::string_view doc) {
  using Access = Field<Scale, Path...>;
  return {.name = name, .fallback = fallback, .doc = doc, .rule = rule, .store = &Access::store, .load = &Access::load};
}

constexpr Key aliased(Key key, std::string_view alias, std::uint64_t unit = 0) {
  key.alias = {alias, unit};
  return key;
}

constexpr Key secret(Key key) {
  key.secret = true;
  return key;
}

constexpr auto in_store = &Config::store;
constexpr auto in_s3 = &Config::s3;
constexpr auto in_publish = &Config::publish;
constexpr auto in_cache = &Config::cache;
constexpr auto in_l2 = &CacheConfig::l2;
constexpr auto in_manifest = &Config::manifest;
constexpr auto in_api = &Config::api;
constexpr auto in_log = &Config::log;

constexpr std::array keys = {
    key<in_store, &StoreConfig::type>("store.type", "s3", choice("s3|fs|mem"), "where objects live"),
    key<in_store, &StoreConfig::path>("store.path", "", text, "for fs: the directory"),
    key<in_store, &StoreConfig::prefix>("store.prefix", "", text, "before every key; ends in \"/\""),

    key<in_s3, &S3Config::engine>("s3.engine", "native", choice("native|sdk|crt"), "the S3 client"),
    key<in_s3, &S3Config::endpoint>("s3.endpoint", "", text, "empty: AWS; e.g. \"http://localhost:9000\""),
    key<in_s3, &S3Config::region>("s3.region", "us-east-1", text, "the bucket's region"),
    key<in_s3, &S3Config::bucket>("s3.bucket", "", text, "required with store.type = \"s3\""),
    key<in_s3, &S3Config::path_style>("s3.path_style", "auto", automatic(boolean),
                                      "auto: true with an endpoint, false without"),
    key<in_s3, &S3Config::access_key_id>("s3.access_key_id", "", text,
                                         "empty: environment, profile, web identity, container, IMDSv2, in that order"),
    secret(key<in_s3, &S3Config::secret_access_key>("s3.secret_access_key", "", text, "belongs to access_key_id")),
    secret(key<in_s3, &S3Config::session_token>("s3.session_token", "", text, "of temporary credentials")),
    key<in_s3, &S3Config::profile>("s3.profile", "", text, "the profile of ~/.aws to take credentials from"),
    key<in_s3, &S3Config::anonymous>("s3.anonymous", "false", boolean, "unsigned requests, for public buckets"),
    key<in_s3, &S3Config::ca_bundle>("s3.ca_bundle", "", text, "PEM file of trusted CAs; empty: the system's"),
    key<in_s3, &S3Config::use_fips>("s3.use_fips", "false", boolean, "AWS FIPS endpoints"),
    key<in_s3, &S3Config::use_dualstack>("s3.use_dualstack", "false", boolean, "AWS dual-stack endpoints"),
    key<in_s3, &S3Config::get_budget_per_sec>(
        "s3.get_budget_per_sec", "0", integer(0, 1'000'000),
        "requests a second, of every kind; 0: no fixed rate, only the adaptive limit"),
    scaled<MiB, in_s3, &S3Config::range_coalesce_max_bytes>("s3.range_coalesce_max_mib", "32", integer(1, 1024),
                                                            "bytes of one coalesced GET at most, in MiB"),
    key<in_s3, &S3Config::max_inflight_gets>("s3.max_inflight_gets", "128", integer(1, 65536),
                                             "requests in flight at most, of every kind"),
    key<in_s3, &S3Config::retry_max_attempts>("s3.retry_max_attempts", "3", integer(1, 100),
                                              "tries of one request, the first included"),
    key<in_s3, &S3Config::retry_initial_backoff>("s3.retry_initial_backoff_ms", "100", integer(1, 60'000),
                                                 "pause before the first retry, in ms; doubles, with jitter"),
    key<in_s3, &S3Config::connect_timeout>("s3.connect_timeout", "5s", duration(1, day_ms), "of one connection"),
    key<in_s3, &S3Config::request_timeout>("s3.request_timeout", "1m", duration(1, day_ms), "of one request"),
    key<in_s3, &S3Config::transfer_threads>("s3.transfer_threads", "1", integer(1, 64), "threads of the native engine"),
    key<in_s3, &S3Config::fetch_policy>("s3.fetch_policy", "balanced", choice("latency|balanced|fewest-gets"),
                                        "what a miss prefers: a short wait, or few GETs"),

    aliased(key<in_publish, &PublishConfig::page_size>("publish.page_size", "auto", automatic(size(64 * KiB, 64 * MiB)),
                                                       "of new files; a power of two from 64KiB to 64MiB"),
            "cache.slab_size_mib", MiB),

    aliased(key<in_cache, &CacheConfig::l1_memory>("cache.l1_memory", "auto", automatic(size(MiB, max_memory)),
                                                   "auto: the smaller of 16 GiB and a quarter of the memory"),
            "cache.l1_memory_gib", GiB),
    key<in_cache, in_l2, &L2Config::backend>("cache.l2.backend", "segmentstore",
                                             choice("segmentstore|blobdb|mem|none", "slabfile=segmentstore"),
                                             "the local cache under the RAM cache"),
    aliased(key<in_cache, in_l2, &L2Config::segment_paths>("cache.l2.segment_path", "/var/lib/seekfs/l2", list,
                                                           "or a list of directories, one a disk"),
            "cache.l2.slabfile_path"),
    aliased(key<in_cache, in_l2, &L2Config::capacity>("cache.l2.capacity", "auto", automatic(size(MiB, max_memory)),
                                                      "auto: 80 % of what is free plus what the cache holds"),
            "cache.l2.l2_ssd_gib", GiB),
    key<in_cache, in_l2, &L2Config::min_free>("cache.l2.min_free", "10%", {.type = ValueType::share},
                                              "of the file system, kept free whatever capacity says"),
    key<in_cache, in_l2, &L2Config::segment_size>("cache.l2.segment_size", "1GiB", size(MiB, 64 * GiB),
                                                  "where an append-only file is rolled"),
    key<in_cache, in_l2, &L2Config::index>("cache.l2.index", "native", choice("native|rocksdb"),
                                           "native: in RAM, with snapshots on disk"),

    key<in_manifest, &ManifestConfig::ttl>("manifest.ttl", "10s", duration(1, 30 * day_ms),
                                           "HEAD is read again at most this often a namespace"),
    key<in_manifest, &ManifestConfig::cache_path>("manifest.cache_path", "/var/lib/seekfs/manifests", text,
                                                  "copies for a start without the store; empty: none"),
    key<in_manifest, &ManifestConfig::memory>("manifest.memory", "auto", automatic(size(MiB, max_memory)),
                                              "auto: half of cache.l1_memory, at least 256MiB"),
    key<in_manifest, &ManifestConfig::max_pages>("manifest.max_pages", "100000000", integer(1, 10'000'000'000),
                                                 "a manifest with more is refused"),
    key<in_manifest, &ManifestConfig::max_files>("manifest.max_files", "10000000", integer(1, 1'000'000'000),
                                                 "a manifest with more is refused"),
    key<in_manifest, &ManifestConfig::max_json_bytes>("manifest.max_json_bytes", "4GiB", size(1, max_memory),
                                                      "a manifest with more is refused"),
    key<in_manifest, &ManifestConfig::max_gzip_ratio>("manifest.max_gzip_ratio", "200", integer(1, 100'000),
                                                      "a manifest that unpacks to more is refused"),

    key<in_api, &ApiConfig::listen>("api.listen", "127.0.0.1:7070", list,
                                    "address:port, unix:/path, or a list; port 0: any"),
    key<in_api, &ApiConfig::socket_mode>("api.socket_mode", "0660", text, "permission bits of a Unix socket, octal"),
    key<in_api, &ApiConfig::socket_group>("api.socket_group", "", text,
                                          "name or number of its group; empty: the daemon's"),
    key<in_api, &ApiConfig::threads>("api.threads", "0", integer(0, 256), "0: one reactor a core, 16 at most"),
    key<in_api, &ApiConfig::insecure_listen>("api.insecure_listen", "false", boolean,
                                             "allows listen addresses that are not loopback, without protection"),
    key<in_api, &ApiConfig::max_connections>("api.max_connections", "8192", integer(1, 1'000'000),
                                             "connections at once"),
    key<in_api, &ApiConfig::idle_timeout>("api.idle_timeout", "1m", duration(1, day_ms),
                                          "a connection without a request is closed after it"),
    key<in_api, &ApiConfig::readv_max_items>("api.readv_max_items", "16384", integer(1, 1'000'000),
                                             "ranges of one readv"),
    key<in_api, &ApiConfig::readv_max_bytes>("api.readv_max_bytes", "1GiB", size(1, max_memory), "bytes of one readv"),
    key<in_api, &ApiConfig::dev_endpoints>("api.dev_endpoints", "false", boolean,
                                           "/test_head and /test_stream, for developers"),

    key<in_log, &LogConfig::level>("log.level", "info", choice("debug|info|warning|error|off"),
                                   "the least level that is written"),
    key<in_log, &LogConfig::format>("log.format", "logfmt", choice("logfmt|json"), "of log lines, on stderr"),
};

constexpr std::array<std::string_view, 2> reserved_sections = {"auth", "tls"};

}  // namespace

std::span<const Key> config_keys() { return keys; }

const Key* find_key(std::string_view name, bool* is_alias) {
  if (is_alias != nullptr) *is_alias = false;
  for (const Key& key : keys) {
    if (key.name == name) return &key;
    if (is_alias != nullptr && key.alias.name == name) {
      *is_alias = true;
      return &key;
    }
  }
  return nullptr;
}

std::string_view section_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

bool is_section(std::string_view name) {
  return std::ranges::any_of(keys, [name](const Key& key) {
    return key.name.starts_with(name) && key.name.substr(name.size()).starts_with('.');
  });
}

bool is_reserved_section(std::string_view name) {
  return std::ranges::any_of(reserved_sections, [name](std::string_view section) {
    return name == section || (name.starts_with(section) && name[section.size()] == '.');
  });
}

std::string environment_name(std::string_view key) {
  std::string name = "SEEKFS_";
  for (const char letter : key) {
    if (letter == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
  }
  return name;
}

std::string display(const Key& key, const Config& config) {
  const Value value = key.load(config);
  if (key.secret && !value.text.empty()) return quote("********");
  return format_value(key.rule, value);
}

}  // namespace seekfs::app
