// /cache and what lies below it: what the tiers hold, and what an operator may ask of them.
#include <string>

#include "http/cache_json.h"
#include "http/handlers.h"
#include "http/json_text.h"
#include "http/request_check.h"

namespace seekfs::http {
namespace {

Result<reader::CacheControl*> control(const Exchange& exchange) {
  if (exchange.shared.parts.cache != nullptr) return exchange.shared.parts.cache;
  return fail(ErrorCode::bad_request, "this server has no caches");
}

/// The control for a request that changes something.
Result<reader::CacheControl*> control_for_change(const Exchange& exchange) {
  SEEKFS_TRY(check_may_change(exchange.head, exchange.on_loopback));
  return control(exchange);
}

std::string summary_of(const reader::CacheControl& caches) {
  std::string content;
  JsonWriter json(content);
  const cache::PageCacheStats l1 = caches.l1();
  json.begin_object().key("l1").begin_object().member("pages", l1.pages).member("bytes", l1.bytes);
  json.member("capacity_bytes", caches.l1_capacity()).member("evicted_pages", l1.evicted).end_object();
  json.key("l2");
  if (caches.l2_enabled()) {
    const l2::L2Stats l2 = caches.l2();
    json.begin_object().member("pages", l2.pages).member("bytes", l2.bytes);
    json.member("capacity_bytes", l2.capacity_bytes).member("evicted_pages", l2.evicted_pages);
    json.member("written_bytes", l2.written_bytes).end_object();
  } else {
    json.null();
  }
  json.key("disks").begin_array();
  for (const l2::DiskStatus& disk : caches.disks()) append_disk(json, disk);
  json.end_array().end_object();
  return content;
}

std::string report_of(const l2::CheckReport& report) {
  std::string content;
  JsonWriter json(content);
  json.begin_object().member("pages", report.pages).member("bytes", report.bytes);
  json.member("damage_count", report.damage_count).key("damage").begin_array();
  for (const l2::Damage& damage : report.damage) append_damage(json, damage);
  json.end_array().end_object();
  return content;
}

/// What is to be dropped: everything, a version of a namespace, or one file of it.
struct DropRequest {
  bool all = false;
  std::string_view ns;
  std::optional<std::string_view> path;
  std::optional<std::uint64_t> version;
};

Result<DropRequest> parse_drop(Exchange& exchange) {
  const Query& query = exchange.query;
  SEEKFS_TRY(query.allow_only({"all", "ns", "path", "version"}));
  DropRequest request;
  if (const auto all = query.get("all")) {
    if (*all != "true") return fail(ErrorCode::bad_request, "'all' must be 'true'");
    if (query.get("ns") || query.get("path") || query.get("version")) {
      return fail(ErrorCode::bad_request, "'all' goes alone: name what is to be dropped, or drop all");
    }
    request.all = true;
    return request;
  }
  SEEKFS_ASSIGN(request.ns, query.required("ns"));
  exchange.note.ns = request.ns;
  SEEKFS_ASSIGN(request.version, query.version());
  request.path = query.get("path");
  if (request.path) exchange.note.path = *request.path;
  return request;
}

/// Whatever is dropped, and how many pages it has.
struct Dropped {
  std::uint64_t pages = 0;
  std::uint64_t version = 0;
};

async::Task<Dropped> drop_published(Exchange& exchange, reader::CacheControl& caches, DropRequest request) {
  SEEKFS_CO_ASSIGN(
      const reader::VersionRef version,
      co_await exchange.reader().open_version(std::string(request.ns), request.version, exchange.wait_deadline()));
  Dropped dropped{.version = version.manifest->version()};
  exchange.note.version = dropped.version;
  if (!request.path) {
    SEEKFS_CO_ASSIGN(dropped.pages, co_await caches.drop(version));
    co_return dropped;
  }
  SEEKFS_CO_ASSIGN(reader::FileRef file, reader::find_file(version, *request.path));
  SEEKFS_CO_ASSIGN(dropped.pages, co_await caches.drop(std::move(file)));
  co_return dropped;
}

}  // namespace

Status cache(Exchange& exchange) {
  SEEKFS_TRY(exchange.query.allow_only({}));
  SEEKFS_ASSIGN(const reader::CacheControl* caches, control(exchange));
  exchange.reply_json(summary_of(*caches));
  return {};
}

async::Task<void> cache_drop(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(reader::CacheControl * caches, control_for_change(exchange));
  SEEKFS_CO_ASSIGN(const DropRequest request, parse_drop(exchange));
  std::string content;
  JsonWriter json(content);
  if (request.all) {
    SEEKFS_CO_TRY(co_await caches->drop_all());
    json.begin_object().member("all", true).end_object();
    exchange.reply_json(std::move(content));
    co_return Status{};
  }
  SEEKFS_CO_ASSIGN(const Dropped dropped, co_await drop_published(exchange, *caches, request));
  json.begin_object().member("ns", request.ns).member("version", dropped.version);
  if (request.path) json.member("path", *request.path);
  json.member("pages", dropped.pages).end_object();
  exchange.reply_json(std::move(content), dropped.version);
  co_return Status{};
}

async::Task<void> cache_check(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(reader::CacheControl * caches, control_for_change(exchange));
  SEEKFS_CO_TRY(exchange.query.allow_only({}));
  SEEKFS_CO_ASSIGN(const l2::CheckReport report, co_await caches->check());
  exchange.reply_json(report_of(report));
  co_return Status{};
}

async::Task<void> cache_compact(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(reader::CacheControl * caches, control_for_change(exchange));
  SEEKFS_CO_TRY(exchange.query.allow_only({}));
  SEEKFS_CO_TRY(co_await caches->compact());
  exchange.reply_json("{\"compacted\":true}");
  co_return Status{};
}

}  // namespace seekfs::http
