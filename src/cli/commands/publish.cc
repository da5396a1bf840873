// publish, and its older name gen-manifest.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/commands/publish_report.h"
#include "cli/locator.h"
#include "manifest/path.h"
#include "publish/publisher.h"
#include "publish/versions.h"

namespace seekfs::cli {
namespace {

/// The command line's words, before they are checked.
struct PublishOptions {
  publish::PublishRequest request;
  std::string source;
  std::string max_delete = "10%";
  std::string page_size;
  std::string symlinks = "follow";
  std::string bad_keys = "fail";
  std::string layout = "objects";
  std::string hash_cache;
  std::string gc_min_age = "7d";
  bool no_hash_cache = false;
  std::uint64_t slab_size_mib = 0;
  std::string wanted_version;  ///< of gen-manifest
};

class ProgressObserver final : public publish::PublishObserver {
 public:
  explicit ProgressObserver(Console& console) : console_(console) {}
  void on_progress(const publish::PublishProgress& progress) override {
    switch (progress.phase) {
      case publish::PublishPhase::scan: console_.progress("scan", progress.bytes_done, 0); break;
      case publish::PublishPhase::transfer:
        console_.progress("publish", progress.bytes_done, progress.bytes_total,
                          fmt::format("{} of {} files", progress.files_done, progress.files_total));
        break;
      case publish::PublishPhase::commit:
        console_.progress("commit", progress.bytes_total, progress.bytes_total);
        break;
    }
  }

 private:
  Console& console_;
};

Status set_source(const PublishOptions& options, const app::Config& config, publish::PublishRequest& request) {
  if (options.source.empty()) {
    if (!request.delete_paths.empty()) return {};
    return fail(ErrorCode::bad_request, "publish needs SRC: a directory, a file, store:PREFIX or s3://BUCKET/PREFIX");
  }
  SEEKFS_ASSIGN(Name name, parse_name(options.source));
  if (auto* local = std::get_if<LocalName>(&name)) {
    publish::LocalSource source{.path = std::move(local->path)};
    if (options.symlinks == "skip") source.symlinks = publish::SymlinkPolicy::skip;
    if (options.symlinks == "fail") source.symlinks = publish::SymlinkPolicy::fail;
    request.source = std::move(source);
    return {};
  }
  if (const auto* store = std::get_if<StoreName>(&name)) {
    SEEKFS_ASSIGN(std::string prefix, prefix_in_store(*store, config));
    request.source =
        publish::StoreSource{.prefix = std::move(prefix),
                             .bad_keys = options.bad_keys == "skip" ? publish::BadKeys::skip : publish::BadKeys::fail};
    return {};
  }
  return fail(ErrorCode::bad_request,
              fmt::format("'{}' is published already; SRC is a directory, a file, store:PREFIX or s3://BUCKET/PREFIX",
                          options.source));
}

Result<std::uint32_t> parse_page_size(const PublishOptions& options) {
  auto bytes =
      options.slab_size_mib > 0 ? Result<std::uint64_t>(options.slab_size_mib * MiB) : parse_size(options.page_size);
  if (!bytes || *bytes < manifest::min_page_size || *bytes > manifest::max_page_size || (*bytes & (*bytes - 1)) != 0) {
    return fail(ErrorCode::bad_request, "a page size is a power of two from 64KiB to 64MiB");
  }
  return static_cast<std::uint32_t>(*bytes);
}

/// $XDG_CACHE_HOME/seekfs/hashes, or the same under ~/.cache; empty when neither is known.
std::string default_hash_cache(const app::ConfigSources& sources) {
  std::string base;
  std::string home;
  for (const auto& [name, value] : sources.environment) {
    if (name == "XDG_CACHE_HOME") base = value;
    if (name == "HOME") home = value;
  }
  if (base.empty() && !home.empty()) base = home + "/.cache";
  return base.empty() ? "" : base + "/seekfs/hashes";
}

Status set_hash_cache(Session& session, const PublishOptions& options, publish::PublishRequest& request) {
  if (options.no_hash_cache) return {};
  request.hash_cache_path =
      options.hash_cache.empty() ? default_hash_cache(session.options().sources) : options.hash_cache;
  const std::size_t slash = request.hash_cache_path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  const auto made = session.files().make_directories(request.hash_cache_path.substr(0, slash), 0700);
  if (made) return {};
  if (!options.hash_cache.empty()) return std::unexpected(made.error().with_context("--hash-cache"));
  session.console().warn(fmt::format("without a hash cache: {}", made.error().message));
  request.hash_cache_path.clear();
  return {};
}

Result<publish::PublishRequest> make_request(Session& session, const PublishOptions& options) {
  publish::PublishRequest request = options.request;
  SEEKFS_ASSIGN(const app::LoadedConfig* config, session.config());
  SEEKFS_TRY(manifest::check_namespace(request.ns));
  SEEKFS_TRY(set_source(options, config->values, request));
  SEEKFS_ASSIGN(request.max_delete, publish::parse_max_delete(options.max_delete));
  SEEKFS_ASSIGN(request.gc_min_age, parse_duration(options.gc_min_age));
  request.page_size = config->values.publish.page_size;
  if (!options.page_size.empty() || options.slab_size_mib > 0) {
    SEEKFS_ASSIGN(request.page_size, parse_page_size(options));
  }
  if (options.layout == "files") request.layout = publish::Layout::files;
  SEEKFS_TRY(set_hash_cache(session, options, request));
  return request;
}

/// gen-manifest names the number of the version that it makes; a number that is taken or skips some is a conflict.
Status check_wanted_version(publish::Parts parts, const PublishOptions& options, publish::PublishRequest& request) {
  if (options.wanted_version.empty()) return {};
  SEEKFS_ASSIGN(const std::uint64_t wanted, parse_version(options.wanted_version));
  std::uint64_t next = 1;
  request.if_parent = 0;
  auto detail = publish::Versions(parts).show_namespace(request.ns);
  if (!detail && detail.error().code != ErrorCode::no_such_namespace) return std::unexpected(detail.error());
  if (detail) {
    if (!detail->versions.empty()) next = detail->versions.back().version + 1;
    request.if_parent = detail->summary.head.value_or(0);
  }
  if (wanted != next) {
    return fail(ErrorCode::conflict, fmt::format("{} cannot get version {}: versions are never replaced and the next "
                                                 "number is {}",
                                                 request.ns, wanted, next));
  }
  return {};
}

Result<ExitCode> run(Session& session, const PublishOptions& options) {
  SEEKFS_ASSIGN(publish::PublishRequest request, make_request(session, options));
  SEEKFS_ASSIGN(const publish::Parts parts,
                session.store(request.dry_run ? app::StoreRoot::must_exist : app::StoreRoot::create));
  SEEKFS_TRY(check_wanted_version(parts, options, request));
  ProgressObserver observer(session.console());
  auto report = publish::Publisher(parts).publish(request, observer);
  session.console().clear_progress();
  if (!report) return std::unexpected(std::move(report).error());
  for (const std::string& path : report->delete_not_found) {
    session.console().warn(fmt::format("--delete {}: the parent has no such file", path));
  }
  SEEKFS_TRY(
      session.console().out(session.json() ? report_json(request.ns, *report) : report_text(request.ns, *report)));
  return ExitCode::ok;
}

void add_common(CLI::App& command, PublishOptions& options) {
  publish::PublishRequest& request = options.request;
  command.add_option("--ns", request.ns, "namespace")->type_name("NS")->required();
  command.add_flag("--replace", request.replace, "SRC becomes the whole version");
  command.add_option("--delete", request.delete_paths, "drop a file (repeatable)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command.add_option("--delete-missing", request.delete_missing, "drop files below PREFIX that SRC lacks (repeatable)")
      ->type_name("PREFIX")
      ->allow_extra_args(false);
  command.add_option("--max-delete", options.max_delete, "stop when more files would go: a number or a share")
      ->capture_default_str()
      ->type_name("N|N%");
  command.add_option("--include", request.include, "publish only what a glob matches (repeatable)")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command.add_option("--exclude", request.exclude, "leave out what a glob matches (repeatable)")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command.add_flag("--dry-run", request.dry_run, "say what would happen, write nothing");
  command.add_option("--message", request.message, "a note that the list of versions shows")->type_name("TEXT");
  command.add_flag("--checksum", request.checksum, "read every file, whatever its size and times say");
  command.add_option("--layout", options.layout, "where uploaded data goes")
      ->check(CLI::IsMember({"objects", "files"}))
      ->capture_default_str();
  command.add_option("--symlinks", options.symlinks, "symbolic links in SRC")
      ->check(CLI::IsMember({"follow", "skip", "fail"}))
      ->capture_default_str();
  command.add_option("--bad-keys", options.bad_keys, "objects whose key makes no path, when adopting")
      ->check(CLI::IsMember({"fail", "skip"}))
      ->capture_default_str();
  command.add_option("--if-parent", request.if_parent, "stop with exit code 4 unless HEAD is N (0: no HEAD)")
      ->type_name("N");
  command.add_flag("--unsafe-no-conditional-put", request.unsafe_no_conditional_put,
                   "for a store that ignores conditions: one publisher at a time");
  auto* cache =
      command.add_option("--hash-cache", options.hash_cache, "file of known hashes; default: the user's cache")
          ->type_name("FILE");
  command.add_flag("--no-hash-cache", options.no_hash_cache, "neither read nor write known hashes")->excludes(cache);
  command.add_option("--gc-min-age", options.gc_min_age, "the --min-age that gc is run with")
      ->capture_default_str()
      ->type_name("TIME");
}

}  // namespace

void add_publish(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<PublishOptions>();
  const auto remember = [options, &chosen] { chosen = [options](Session& session) { return run(session, *options); }; };
  CLI::App* command =
      app.add_subcommand("publish", "make the next version from a directory, a file, or objects of the store");
  command->add_option("SRC", options->source,
                      "directory, file, or store:PREFIX or s3://BUCKET/PREFIX to adopt objects where they lie");
  command->add_option("--page-size", options->page_size, "of new files; 64KiB to 64MiB, a power of two")
      ->type_name("SIZE");
  add_common(*command, *options);
  command->callback(remember);

  CLI::App* older = app.add_subcommand("gen-manifest", "older name of publish");
  older->group("");
  older->add_option("--path", options->source, "what publish calls SRC")->required();
  older->add_option("--version", options->wanted_version, "the number that the version must get")->type_name("N");
  older->add_option("--slab-size-mib", options->slab_size_mib, "what publish calls --page-size, in MiB")
      ->check(CLI::Range(1, 64));
  add_common(*older, *options);
  older->callback(remember);
}

}  // namespace seekfs::cli
