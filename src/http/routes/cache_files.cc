// /cache/files: the files of a version with what the tiers hold of each, in pages.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "http/handlers.h"
#include "http/json_text.h"
#include "http/reservation.h"
#include "http/routes/list_cursor.h"
#include "manifest/path.h"

namespace seekfs::http {
namespace {

constexpr std::uint64_t default_limit = 1000;
constexpr std::uint64_t max_limit = 10000;
/// A page of the list ends early when its text has this size.
constexpr std::uint64_t max_list_bytes = 4U << 20U;
/// The longest entry: a path whose every byte is escaped, and its other members.
constexpr std::uint64_t max_entry_bytes = 6 * manifest::max_path_length + 256;

struct CacheListRequest {
  std::string_view ns;
  std::string_view prefix;
  std::optional<std::uint64_t> version;
  std::uint64_t limit = default_limit;
  std::optional<ListCursor> after;
};

Result<CacheListRequest> parse_request(Exchange& exchange) {
  const Query& query = exchange.query;
  SEEKFS_TRY(query.allow_only({"ns", "prefix", "version", "limit", "after"}));
  CacheListRequest request;
  SEEKFS_ASSIGN(request.ns, query.required("ns"));
  exchange.note.ns = request.ns;
  SEEKFS_ASSIGN(request.version, query.version());
  request.prefix = query.get("prefix").value_or(std::string_view{});
  if (!is_utf8(request.prefix)) return fail(ErrorCode::invalid_path, "'prefix' is not UTF-8");
  SEEKFS_ASSIGN(const auto limit, query.number("limit"));
  request.limit = limit.value_or(default_limit);
  if (request.limit == 0 || request.limit > max_limit) {
    return fail(ErrorCode::bad_request, fmt::format("'limit' must be between 1 and {}", max_limit));
  }
  if (const auto after = query.get("after"); after && !after->empty()) {
    SEEKFS_ASSIGN(request.after, decode_cursor(*after));
    if (request.version && *request.version != request.after->version) {
      return fail(ErrorCode::bad_request, "'after' belongs to another version than 'version'");
    }
    request.version = request.after->version;
  }
  return request;
}

manifest::FileIndex first_of(const manifest::CompactManifest& files, const CacheListRequest& request) {
  // Nothing sorts between a path and itself with a NUL behind it.
  return files.lower_bound(request.after ? request.after->last + '\0' : std::string(request.prefix));
}

async::Task<std::string> list(const reader::CacheControl& caches, const reader::VersionRef& version,
                              const CacheListRequest& request) {
  const manifest::CompactManifest& files = *version.manifest;
  std::string content;
  JsonWriter json(content);
  json.begin_object().member("ns", request.ns).member("version", files.version()).key("files").begin_array();
  std::string path;
  std::string last;
  bool more = false;
  std::uint64_t count = 0;
  for (manifest::FileIndex at = first_of(files, request); at < files.file_count(); ++at) {
    files.path(at, path);
    if (!path.starts_with(request.prefix)) break;
    if (count == request.limit || content.size() + max_entry_bytes > max_list_bytes) {
      more = true;
      break;
    }
    SEEKFS_CO_ASSIGN(const reader::HeldBytes held,
                     co_await caches.held(reader::FileRef(version.ns, version.manifest, at)));
    json.begin_object().member("path", path).member("size", files.size(at));
    json.member("l1_bytes", held.l1).member("l2_bytes", held.l2).end_object();
    last = path;
    ++count;
  }
  json.end_array().key("next");
  if (more) {
    json.value(encode_cursor({files.version(), false, last}));
  } else {
    json.null();
  }
  json.end_object();
  co_return content;
}

}  // namespace

async::Task<void> cache_files(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(const CacheListRequest request, parse_request(exchange));
  const reader::CacheControl* caches = exchange.shared.parts.cache;
  if (caches == nullptr) co_return fail(ErrorCode::bad_request, "this server has no caches");
  SEEKFS_CO_ASSIGN(
      const reader::VersionRef version,
      co_await exchange.reader().open_version(std::string(request.ns), request.version, exchange.wait_deadline()));
  exchange.note.version = version.manifest->version();
  // The list grows by doubling.
  const std::uint64_t cost = 2 * std::min(max_list_bytes, request.limit * max_entry_bytes);
  SEEKFS_CO_ASSIGN(const Reservation reserved,
                   co_await Reservation::acquire(exchange.shared.parts.memory, cost, exchange.wait_deadline()));
  SEEKFS_CO_ASSIGN(std::string content, co_await list(*caches, version, request));
  exchange.reply_json(std::move(content), version.manifest->version());
  co_return co_await exchange.writer.flush();
}

}  // namespace seekfs::http
