// The caches through the daemon's /cache endpoints.
#include "cli/cache_access.h"
#include "cli/daemon_client.h"
#include "cli/json_fields.h"

namespace seekfs::cli {
namespace {

namespace json = boost::json;

/// Sets `field` to a member that must be there.
bool read_number(const json::object& object, std::string_view name, std::uint64_t& field) {
  const auto number = number_of<std::uint64_t>(object, name);
  if (number) field = *number;
  return number.has_value();
}

bool read_tier(const json::object& object, TierFigures& tier) {
  return read_number(object, "pages", tier.pages) && read_number(object, "bytes", tier.bytes) &&
         read_number(object, "capacity_bytes", tier.capacity_bytes) &&
         read_number(object, "evicted_pages", tier.evicted_pages);
}

bool read_disk(const json::object& object, l2::DiskStatus& disk) {
  const auto path = text_of(object, "path");
  const auto detail = text_of(object, "detail");
  const json::value* up = object.if_contains("up");
  if (!path || !detail || up == nullptr || !up->is_bool()) return false;
  disk.path = *path;
  disk.detail = *detail;
  disk.up = up->get_bool();
  return read_number(object, "pages", disk.pages) && read_number(object, "live_bytes", disk.live_bytes) &&
         read_number(object, "segments", disk.segments) && read_number(object, "segment_bytes", disk.segment_bytes) &&
         read_number(object, "disk_bytes", disk.disk_bytes) &&
         read_number(object, "capacity_bytes", disk.capacity_bytes) &&
         read_number(object, "index_bytes", disk.index_bytes) &&
         read_number(object, "evicted_pages", disk.evicted_pages) &&
         read_number(object, "evicted_segments", disk.evicted_segments) &&
         read_number(object, "put_bytes", disk.put_bytes) && read_number(object, "written_bytes", disk.written_bytes) &&
         read_number(object, "dropped_pages", disk.dropped_pages) &&
         read_number(object, "damaged_pages", disk.damaged_pages);
}

QueryItems query_of(const PublishedName& name) {
  QueryItems query = {{"ns", name.ns}};
  if (name.version) query.emplace_back("version", std::to_string(*name.version));
  return query;
}

class DaemonCache final : public CacheAccess {
 public:
  explicit DaemonCache(DaemonClient& client) : client_(client) {}

  Result<CacheFigures> stat() override {
    SEEKFS_ASSIGN(const DaemonReply reply, client_.get("/v1/cache"));
    return parse_cache_figures(reply.body);
  }

  Status list(const PublishedName& name, const CachedFileReceiver& receive) override {
    QueryItems query = query_of(name);
    query.emplace_back("prefix", name.path);
    query.emplace_back("limit", "1000");
    std::optional<std::string> after;
    while (true) {
      QueryItems page = query;
      if (after) page.emplace_back("after", *after);
      SEEKFS_ASSIGN(const DaemonReply reply, client_.get("/v1/cache/files", page));
      SEEKFS_ASSIGN(CachedFilesText part, parse_cached_files(reply.body));
      for (const CachedFile& file : part.files) SEEKFS_TRY(receive(file));
      if (!part.next) return {};
      after = std::move(part.next);
    }
  }

  Status drop(const PublishedName& name) override {
    QueryItems query = query_of(name);
    if (!name.path.empty()) query.emplace_back("path", name.path);
    SEEKFS_TRY(client_.post("/v1/cache/drop", query));
    return {};
  }
  Status drop_all() override {
    SEEKFS_TRY(client_.post("/v1/cache/drop", {{"all", "true"}}));
    return {};
  }

  Result<l2::CheckReport> check() override {
    SEEKFS_ASSIGN(const DaemonReply reply, client_.post("/v1/cache/check"));
    return parse_check_report(reply.body);
  }
  Status compact() override {
    SEEKFS_TRY(client_.post("/v1/cache/compact"));
    return {};
  }

 private:
  DaemonClient& client_;
};

}  // namespace

Result<CacheFigures> parse_cache_figures(std::string_view text) {
  const auto object = parse_object(text);
  const json::array* disks = object ? array_of(*object, "disks") : nullptr;
  if (disks == nullptr) return unexpected_reply("/cache");
  CacheFigures figures;
  if (const json::object* l1 = object_of(*object, "l1")) {
    if (!read_tier(*l1, figures.l1.emplace())) return unexpected_reply("/cache");
  }
  if (const json::object* l2 = object_of(*object, "l2")) {
    if (!read_tier(*l2, figures.l2.emplace())) return unexpected_reply("/cache");
  }
  for (const json::value& item : *disks) {
    const json::object* disk = item.if_object();
    if (disk == nullptr || !read_disk(*disk, figures.disks.emplace_back())) return unexpected_reply("/cache");
  }
  return figures;
}

Result<CachedFilesText> parse_cached_files(std::string_view text) {
  const auto object = parse_object(text);
  const json::array* files = object ? array_of(*object, "files") : nullptr;
  CachedFilesText list;
  if (files == nullptr || !read_number(*object, "version", list.version)) return unexpected_reply("/cache/files");
  for (const json::value& item : *files) {
    const json::object* file = item.if_object();
    const auto path = file == nullptr ? std::nullopt : text_of(*file, "path");
    CachedFile cached{.path = path.value_or("")};
    if (!path || !read_number(*file, "size", cached.size) || !read_number(*file, "l1_bytes", cached.l1_bytes) ||
        !read_number(*file, "l2_bytes", cached.l2_bytes)) {
      return unexpected_reply("/cache/files");
    }
    list.files.push_back(std::move(cached));
  }
  list.next = text_of(*object, "next");
  return list;
}

Result<l2::CheckReport> parse_check_report(std::string_view text) {
  const auto object = parse_object(text);
  const json::array* damage = object ? array_of(*object, "damage") : nullptr;
  l2::CheckReport report;
  if (damage == nullptr || !read_number(*object, "pages", report.pages) ||
      !read_number(*object, "bytes", report.bytes) || !read_number(*object, "damage_count", report.damage_count)) {
    return unexpected_reply("/cache/check");
  }
  for (const json::value& item : *damage) {
    const json::object* one = item.if_object();
    const auto file = one == nullptr ? std::nullopt : text_of(*one, "file");
    const auto what = one == nullptr ? std::nullopt : text_of(*one, "what");
    const auto offset = one == nullptr ? std::nullopt : number_of<std::uint64_t>(*one, "offset");
    if (!file || !what || !offset) return unexpected_reply("/cache/check");
    report.damage.push_back({.file = *file, .offset = *offset, .what = *what});
  }
  return report;
}

std::unique_ptr<CacheAccess> make_daemon_cache(DaemonClient& client) { return std::make_unique<DaemonCache>(client); }

}  // namespace seekfs::cli
