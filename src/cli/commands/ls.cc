// ls: published files and folders, or objects of the store.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/locator.h"
#include "cli/text_format.h"
#include "http/json_text.h"
#include "publish/store_calls.h"

namespace seekfs::cli {
namespace {

struct LsOptions {
  std::string name;
  bool recursive = false;
};

std::string text_line(const ListedFile& entry) {
  return fmt::format("{:>10}  {:<25}  {}\n", entry.folder ? "-" : format_size_approx(entry.size),
                     entry.mtime ? format_time(*entry.mtime) : "-", printable(entry.path));
}

std::string json_line(const ListedFile& entry) {
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("path", entry.path).member("type", entry.folder ? "folder" : "file");
  if (!entry.folder) {
    json.member("size", entry.size).member("hash", entry.hash).key("mtime");
    if (entry.mtime) {
      json.value(*entry.mtime);
    } else {
      json.null();
    }
  }
  json.end_object();
  return text + "\n";
}

/// What lies in the folder; when there is no such folder, the file of that name.
Result<ExitCode> list_published(Session& session, const PublishedName& name, bool recursive) {
  SEEKFS_ASSIGN(DataSource * data, session.data());
  std::uint64_t shown = 0;
  const auto show = [&](const ListedFile& entry) {
    ++shown;
    return session.console().out(session.json() ? json_line(entry) : text_line(entry));
  };
  FileName prefix{.ns = name.ns, .path = name.path.empty() ? "" : name.path + "/", .version = name.version};
  SEEKFS_ASSIGN(const std::uint64_t version, data->list(prefix, !recursive, show));
  if (shown == 0 && !name.folder) {
    prefix.path = name.path;
    prefix.version = version;
    SEEKFS_TRY(data->list(prefix, true,
                          [&](const ListedFile& entry) { return entry.path == name.path ? show(entry) : Status(); }));
  }
  if (shown == 0 && !name.path.empty()) {
    return fail(ErrorCode::not_found, fmt::format("no file or folder '{}' in {} v-{}", name.path, name.ns, version));
  }
  return ExitCode::ok;
}

Result<ExitCode> list_objects(Session& session, const StoreName& name) {
  SEEKFS_ASSIGN(const app::LoadedConfig* config, session.config());
  SEEKFS_ASSIGN(const std::string prefix, prefix_in_store(name, config->values));
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  SEEKFS_TRY(publish::for_each_object(parts.store, prefix, [&](objectstore::ObjectInfo&& object) -> Status {
    const std::int64_t modified =
        std::chrono::duration_cast<std::chrono::seconds>(object.modified.time_since_epoch()).count();
    if (!session.json()) {
      return session.console().out(fmt::format("{:>10}  {:<25}  {}\n", format_size_approx(object.size),
                                               format_time(modified), printable(object.key)));
    }
    std::string text;
    http::JsonWriter json(text);
    json.begin_object().member("key", object.key).member("size", object.size).member("etag", object.etag);
    json.member("modified", modified).end_object();
    return session.console().out(text + "\n");
  }));
  return ExitCode::ok;
}

Result<ExitCode> run(Session& session, const LsOptions& options) {
  SEEKFS_ASSIGN(const Name name, parse_name(options.name));
  if (const auto* store = std::get_if<StoreName>(&name)) return list_objects(session, *store);
  SEEKFS_ASSIGN(const PublishedName published, parse_published_name(options.name));
  return list_published(session, published, options.recursive);
}

}  // namespace

void add_ls(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<LsOptions>();
  CLI::App* command = app.add_subcommand("ls", "list published files, or objects of the store");
  command->add_option("NAME", options->name, "seekfs://NS[@VERSION]/FOLDER, store:PREFIX or s3://BUCKET/PREFIX")
      ->required();
  command->add_flag("-r,--recursive", options->recursive, "all files below, not folders");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(session, *options); }; });
}

}  // namespace seekfs::cli
