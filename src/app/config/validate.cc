// One function a rule, in the order of the table.
#include "app/config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>

#include "http/address.h"
#include "http/socket_file.h"

namespace seekfs::app {
namespace {

std::unexpected<Error> blame(const LoadedConfig& loaded, std::string_view key, std::string_view what) {
  const Setting& setting = loaded.setting(key);
  return fail(ErrorCode::invalid,
              fmt::format("{}: {} = {}: {}", setting.origin, key, display(*setting.key, loaded.values), what));
}

Status check_store(const LoadedConfig& loaded) {
  const StoreConfig& store = loaded.values.store;
  if (store.type == StoreType::fs && store.path.empty()) {
    return blame(loaded, "store.type", "an fs store needs store.path, the directory that holds the objects");
  }
  if (store.type != StoreType::fs && !store.path.empty()) {
    return blame(loaded, "store.path", "only an fs store has a path; set store.type = \"fs\" or remove it");
  }
  if (!store.prefix.empty() && (store.prefix.starts_with('/') || !store.prefix.ends_with('/'))) {
    return blame(loaded, "store.prefix", "a prefix ends with \"/\" and does not start with one, e.g. \"datasets/\"");
  }
  return {};
}

Status check_endpoint(const LoadedConfig& loaded) {
  const std::string_view endpoint = loaded.values.s3.endpoint;
  if (endpoint.empty()) return {};
  constexpr std::string_view accepted = "expected http://HOST[:PORT] or https://HOST[:PORT], without user or path";
  if (endpoint.contains('@')) {  // what stands before it may be a password: it is not shown
    return fail(ErrorCode::invalid, fmt::format("{}: s3.endpoint: {}; credentials go into s3.access_key_id and "
                                                "s3.secret_access_key",
                                                loaded.setting("s3.endpoint").origin, accepted));
  }
  const std::size_t scheme = endpoint.find("://");
  if (scheme == std::string_view::npos) return blame(loaded, "s3.endpoint", accepted);
  std::string_view host = endpoint.substr(scheme + 3);
  if (host.ends_with('/')) host.remove_suffix(1);
  const std::string_view name = endpoint.substr(0, scheme);
  if ((name != "http" && name != "https") || host.empty() || host.find_first_of("/@?# ") != std::string_view::npos) {
    return blame(loaded, "s3.endpoint", accepted);
  }
  return {};
}

Status check_s3(const LoadedConfig& loaded) {
  const S3Config& s3 = loaded.values.s3;
  SEEKFS_TRY(check_endpoint(loaded));
  if (s3.region.empty()) return blame(loaded, "s3.region", "a region is never empty");
  if (s3.bucket.find('/') != std::string::npos) {
    return blame(loaded, "s3.bucket", "a bucket's name holds no \"/\"; what follows it belongs into store.prefix");
  }
  if (s3.access_key_id.empty() != s3.secret_access_key.empty()) {
    const std::string_view given = s3.access_key_id.empty() ? "s3.secret_access_key" : "s3.access_key_id";
    return blame(loaded, given, "s3.access_key_id and s3.secret_access_key are set both or neither");
  }
  if (s3.anonymous && !s3.access_key_id.empty()) {
    return blame(loaded, "s3.anonymous", "anonymous requests take no s3.access_key_id");
  }
  return {};
}

Status check_publish(const LoadedConfig& loaded) {
  const auto& page_size = loaded.values.publish.page_size;
  if (page_size && !std::has_single_bit(*page_size)) {
    return blame(loaded, "publish.page_size", "expected a power of two from \"64KiB\" to \"64MiB\", or \"auto\"");
  }
  return {};
}

Status check_l2(const LoadedConfig& loaded) {
  std::set<std::string> seen;
  for (const std::string& path : loaded.values.cache.l2.segment_paths) {
    if (!seen.insert(path).second) return blame(loaded, "cache.l2.segment_path", "a directory is named twice");
  }
  if (loaded.values.cache.l2.backend == L2Backend::blobdb && seen.size() > 1) {
    return blame(loaded, "cache.l2.segment_path", "blobdb takes one directory; the segmentstore takes several");
  }
  return {};
}

Status check_listen(const LoadedConfig& loaded) {
  const ApiConfig& api = loaded.values.api;
  std::set<std::string> seen;
  for (const std::string& text : api.listen) {
    const auto address = http::parse_address(text);
    if (!address) return blame(loaded, "api.listen", address.error().message);
    if (!seen.insert(text).second) return blame(loaded, "api.listen", "an address is named twice");
    if (!address->is_local() && !api.insecure_listen) {
      return blame(loaded, "api.listen",
                   fmt::format("{} is not a loopback address and anyone who reaches it may read everything; set "
                               "api.insecure_listen = true to allow that",
                               text));
    }
  }
  return {};
}

}  // namespace

Status validate(const LoadedConfig& loaded) {
  SEEKFS_TRY(check_store(loaded));
  SEEKFS_TRY(check_s3(loaded));
  SEEKFS_TRY(check_publish(loaded));
  SEEKFS_TRY(check_l2(loaded));
  SEEKFS_TRY(check_listen(loaded));
  if (!http::parse_socket_mode(loaded.values.api.socket_mode)) {
    return blame(loaded, "api.socket_mode", "expected permission bits in octal, e.g. \"0660\"");
  }
  return {};
}

}  // namespace seekfs::app
