// cache stat, ls, drop, check, compact: the node's caches, through the daemon or, stopped, by their directories.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/units.h"
#include "cli/cache_access.h"
#include "cli/commands/commands.h"
#include "cli/text_format.h"
#include "http/cache_json.h"
#include "http/json_text.h"

namespace seekfs::cli {
namespace {

struct CacheOptions {
  std::string name;
  bool all = false;
};

Result<std::unique_ptr<CacheAccess>> open_caches(Session& session, CachePurpose purpose) {
  if (session.options().direct) return open_cache_directories(session, purpose);
  SEEKFS_ASSIGN(DaemonClient * client, session.daemon());
  return make_daemon_cache(*client);
}

/// "NS[@V]" and "NS[@V]/PATH" may stand without their scheme.
Result<PublishedName> parse_cache_name(const std::string& text) {
  return parse_published_name(text.starts_with("seekfs://") ? text : "seekfs://" + text);
}

void append_tier(http::JsonWriter& json, std::string_view name, const std::optional<TierFigures>& tier) {
  json.key(name);
  if (!tier) {
    json.null();
    return;
  }
  json.begin_object().member("pages", tier->pages).member("bytes", tier->bytes);
  json.member("capacity_bytes", tier->capacity_bytes).member("evicted_pages", tier->evicted_pages).end_object();
}

std::string figures_json(const CacheFigures& figures) {
  std::string text;
  http::JsonWriter json(text);
  json.begin_object();
  append_tier(json, "l1", figures.l1);
  append_tier(json, "l2", figures.l2);
  json.key("disks").begin_array();
  for (const l2::DiskStatus& disk : figures.disks) http::append_disk(json, disk);
  json.end_array().end_object();
  return text + "\n";
}

std::string figures_text(const CacheFigures& figures) {
  Table tiers({{"TIER"},
               {"PAGES", Align::right},
               {"HELD", Align::right},
               {"CAPACITY", Align::right},
               {"EVICTED", Align::right}});
  const auto add = [&tiers](const char* name, const std::optional<TierFigures>& tier) {
    if (!tier) return;
    tiers.add({name, std::to_string(tier->pages), format_size_approx(tier->bytes),
               format_size_approx(tier->capacity_bytes), std::to_string(tier->evicted_pages)});
  };
  add("L1", figures.l1);
  add("L2", figures.l2);
  std::string text = tiers.to_string();
  if (figures.disks.empty()) return text;
  Table disks({{"DIRECTORY"},
               {"STATE"},
               {"PAGES", Align::right},
               {"LIVE", Align::right},
               {"ON DISK", Align::right},
               {"CAPACITY", Align::right},
               {"SEGMENTS", Align::right},
               {"INDEX IN RAM", Align::right},
               {"DAMAGED", Align::right}});
  for (const l2::DiskStatus& disk : figures.disks) {
    disks.add({printable(disk.path), disk.up ? "up" : "off", std::to_string(disk.pages),
               format_size_approx(disk.live_bytes), format_size_approx(disk.disk_bytes),
               format_size_approx(disk.capacity_bytes), std::to_string(disk.segments),
               format_size_approx(disk.index_bytes), std::to_string(disk.damaged_pages)});
  }
  text += "\n" + disks.to_string();
  for (const l2::DiskStatus& disk : figures.disks) {
    if (!disk.up) text += fmt::format("\n{} is off: {}\n", printable(disk.path), printable(disk.detail));
  }
  return text;
}

Result<ExitCode> stat(Session& session, const CacheOptions&) {
  SEEKFS_ASSIGN(const auto caches, open_caches(session, CachePurpose::look));
  SEEKFS_ASSIGN(const CacheFigures figures, caches->stat());
  SEEKFS_TRY(session.console().out(session.json() ? figures_json(figures) : figures_text(figures)));
  return ExitCode::ok;
}

std::string file_line(const CachedFile& file, bool as_json) {
  if (!as_json) {
    return fmt::format("{:>10}  {:>10}  {:>10}  {}\n", format_size_approx(file.size), format_size_approx(file.l1_bytes),
                       format_size_approx(file.l2_bytes), printable(file.path));
  }
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("path", file.path).member("size", file.size);
  json.member("l1_bytes", file.l1_bytes).member("l2_bytes", file.l2_bytes).end_object();
  return text + "\n";
}

Result<ExitCode> list(Session& session, const CacheOptions& options) {
  SEEKFS_ASSIGN(const PublishedName name, parse_cache_name(options.name));
  SEEKFS_ASSIGN(const auto caches, open_caches(session, CachePurpose::look));
  if (!session.json()) {
    SEEKFS_TRY(session.console().out(fmt::format("{:>10}  {:>10}  {:>10}  {}\n", "SIZE", "IN L1", "IN L2", "PATH")));
  }
  SEEKFS_TRY(caches->list(name, [&](const CachedFile& file) -> Status {
    if (!options.all && file.l1_bytes == 0 && file.l2_bytes == 0) return {};
    return session.console().out(file_line(file, session.json()));
  }));
  return ExitCode::ok;
}

Result<ExitCode> drop(Session& session, const CacheOptions& options) {
  if (options.all == !options.name.empty()) {
    return fail(ErrorCode::bad_request, "name what is to be dropped, seekfs://NS[@VERSION][/PATH], or say --all");
  }
  PublishedName name;
  if (!options.all) {
    SEEKFS_ASSIGN(name, parse_cache_name(options.name));
    if (name.folder && !name.path.empty()) {
      return fail(ErrorCode::bad_request, fmt::format("'{}' is a folder; name a file or a namespace", options.name));
    }
  }
  SEEKFS_ASSIGN(const auto caches, open_caches(session, CachePurpose::change));
  SEEKFS_TRY(options.all ? caches->drop_all() : caches->drop(name));
  const std::string what = options.all ? "everything" : name.to_string();
  std::string text;
  if (session.json()) {
    http::JsonWriter json(text);
    json.begin_object().member("dropped", what).end_object();
    text += '\n';
  } else {
    text = fmt::format("dropped {}\n", printable(what));
  }
  SEEKFS_TRY(session.console().out(text));
  return ExitCode::ok;
}

/// One line a damaged page, and a last one that sums up.
std::string report_text(const l2::CheckReport& report, bool as_json) {
  std::string text;
  for (const l2::Damage& damage : report.damage) {
    if (as_json) {
      http::JsonWriter json(text);
      http::append_damage(json, damage);
      text += '\n';
    } else {
      text += fmt::format("{} at byte {}: {}\n", printable(damage.file), damage.offset, printable(damage.what));
    }
  }
  if (as_json) {
    http::JsonWriter json(text);
    json.begin_object().member("pages", report.pages).member("bytes", report.bytes);
    json.member("damage_count", report.damage_count).end_object();
    return text + "\n";
  }
  if (report.damage_count > report.damage.size()) {
    text += fmt::format("... and {} more\n", report.damage_count - report.damage.size());
  }
  return text + fmt::format("{} good pages, {}; {}\n", report.pages, format_size_approx(report.bytes),
                            report.damage_count == 0
                                ? "none is damaged"
                                : fmt::format("{} damaged pages, which are forgotten now", report.damage_count));
}

Result<ExitCode> check(Session& session, const CacheOptions&) {
  SEEKFS_ASSIGN(const auto caches, open_caches(session, CachePurpose::look));
  SEEKFS_ASSIGN(const l2::CheckReport report, caches->check());
  SEEKFS_TRY(session.console().out(report_text(report, session.json())));
  return report.damage_count == 0 ? ExitCode::ok : ExitCode::mismatch;
}

Result<ExitCode> compact(Session& session, const CacheOptions&) {
  SEEKFS_ASSIGN(const auto caches, open_caches(session, CachePurpose::change));
  SEEKFS_TRY(caches->compact());
  SEEKFS_TRY(session.console().out(session.json() ? "{\"compacted\":true}\n" : "compacted\n"));
  return ExitCode::ok;
}

}  // namespace

void add_cache(CLI::App& app, Command& chosen) {
  CLI::App* noun = app.add_subcommand("cache", "the caches of this node; --direct: of a daemon that is stopped");
  noun->require_subcommand(1);
  const auto options = std::make_shared<CacheOptions>();
  const auto add = [&](const char* name, const char* doc, auto run) {
    CLI::App* verb = noun->add_subcommand(name, doc);
    verb->callback(
        [options, &chosen, run] { chosen = [options, run](Session& session) { return run(session, *options); }; });
    return verb;
  };
  add("stat", "what the tiers and each directory hold", stat);
  CLI::App* ls = add("ls", "files that are cached, and how much of each in which tier", list);
  ls->add_option("NAME", options->name, "seekfs://NS[@VERSION][/PREFIX]")->required();
  ls->add_flag("-a,--all", options->all, "also files of which nothing is cached");
  CLI::App* forget = add("drop", "forget a file, a version's files, or everything", drop);
  forget->add_option("NAME", options->name, "seekfs://NS[@VERSION][/PATH]");
  forget->add_flag("--all", options->all, "everything");
  add("check", "read every page on disk; exit code 3: some are damaged", check);
  add("compact", "give back the disk space of pages that are gone", compact);
}

}  // namespace seekfs::cli
