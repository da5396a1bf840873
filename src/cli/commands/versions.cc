// version ls, show, diff, rollback.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/commands/names.h"
#include "cli/locator.h"
#include "cli/text_format.h"
#include "publish/versions.h"

namespace seekfs::cli {
namespace {

struct VersionOptions {
  std::string ns;
  std::string first;
  std::string second;
  std::optional<std::uint64_t> if_parent;
  bool unsafe_no_conditional_put = false;
};

Result<ExitCode> list(Session& session, const VersionOptions& options) {
  SEEKFS_ASSIGN(const std::string ns, parse_namespace_only(options.ns));
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  SEEKFS_ASSIGN(const publish::NamespaceDetail detail, publish::Versions(parts).show_namespace(ns));
  std::string text;
  Table table({{"VERSION"}, {"HEAD"}, {"FILES", Align::right}, {"SIZE", Align::right}, {"CREATED"}, {"MESSAGE"}});
  for (const publish::VersionSummary& version : detail.versions) {
    if (session.json()) {
      http::JsonWriter json(text);
      json.begin_object().member("version", version.version).member("head", version.is_head);
      json.member("manifest_bytes", version.manifest_bytes);
      append_info(json, version.info);
      json.end_object();
      text += '\n';
    } else {
      std::vector<std::string> cells = {fmt::format("v-{}", version.version), version.is_head ? "*" : ""};
      for (std::string& cell : info_cells(version.info)) cells.push_back(std::move(cell));
      table.add(std::move(cells));
    }
  }
  SEEKFS_TRY(session.console().out(session.json() ? text : table.to_string()));
  return ExitCode::ok;
}

struct Totals {
  std::uint64_t bytes = 0;
  std::uint64_t pages = 0;
};

Totals totals_of(const manifest::Manifest& manifest) {
  Totals totals;
  for (const manifest::FileEntry& file : manifest.files) {
    totals.bytes += file.size;
    totals.pages += file.pages.size();
  }
  return totals;
}

std::string manifest_json(const std::string& ns, const manifest::Manifest& manifest,
                          const publish::VersionSummary& summary) {
  const Totals totals = totals_of(manifest);
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("ns", ns).member("version", manifest.version).member("head", summary.is_head);
  json.member("created_at", manifest.created_at).key("parents").begin_array();
  for (const std::uint64_t parent : manifest.parents) json.value(parent);
  json.end_array().member("files", std::uint64_t{manifest.files.size()}).member("bytes", totals.bytes);
  json.member("pages", totals.pages).member("manifest_bytes", summary.manifest_bytes);
  json.member("message", summary.info ? summary.info->message : "").key("tombstones").begin_array();
  for (const std::string& path : manifest.tombstones) json.value(path);
  json.end_array().end_object();
  return text + "\n";
}

std::string manifest_text(const std::string& ns, const manifest::Manifest& manifest,
                          const publish::VersionSummary& summary) {
  const Totals totals = totals_of(manifest);
  std::string parents;
  for (const std::uint64_t parent : manifest.parents)
    parents += fmt::format("{}v-{}", parents.empty() ? "" : " ", parent);
  return fmt::format(
      "version   seekfs://{}@{}{}\ncreated   {}\nparents   {}\nmessage   {}\nfiles     {}\nsize      {}\n"
      "pages     {}\nmanifest  {}\nremoved   {}\n",
      ns, manifest.version, summary.is_head ? " (HEAD)" : "", format_time(manifest.created_at),
      parents.empty() ? "none" : parents, printable(summary.info ? summary.info->message : ""), manifest.files.size(),
      format_size_approx(totals.bytes), totals.pages, format_size_approx(summary.manifest_bytes),
      manifest.tombstones.size());
}

Result<ExitCode> show(Session& session, const VersionOptions& options) {
  SEEKFS_ASSIGN(NamespaceName name, parse_namespace_name(options.ns));
  if (!options.first.empty()) {
    SEEKFS_ASSIGN(name.version, parse_version(options.first));
  }
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  publish::Versions versions(parts);
  SEEKFS_ASSIGN(const manifest::Manifest manifest, versions.load(name.ns, name.version));
  SEEKFS_ASSIGN(const auto known, versions.list(name.ns));
  const auto found = std::ranges::find(known, manifest.version, &publish::VersionSummary::version);
  const publish::VersionSummary summary = found == known.end() ? publish::VersionSummary{} : *found;
  SEEKFS_TRY(session.console().out(session.json() ? manifest_json(name.ns, manifest, summary)
                                                  : manifest_text(name.ns, manifest, summary)));
  return ExitCode::ok;
}

std::string_view word_of(publish::ChangeKind kind) {
  switch (kind) {
    case publish::ChangeKind::added: return "added";
    case publish::ChangeKind::removed: return "removed";
    case publish::ChangeKind::changed: break;
  }
  return "changed";
}

Result<ExitCode> diff(Session& session, const VersionOptions& options) {
  SEEKFS_ASSIGN(const std::string ns, parse_namespace_only(options.ns));
  SEEKFS_ASSIGN(const std::uint64_t from, parse_version(options.first));
  SEEKFS_ASSIGN(const std::uint64_t to, parse_version(options.second));
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  SEEKFS_ASSIGN(const auto changes, publish::Versions(parts).diff(ns, from, to));
  std::string text;
  Table table({{"CHANGE"}, {"OLD", Align::right}, {"NEW", Align::right}, {"PATH"}});
  for (const publish::VersionChange& change : changes) {
    if (session.json()) {
      http::JsonWriter json(text);
      json.begin_object().member("change", word_of(change.kind)).member("path", change.path);
      json.member("old_size", change.old_size).member("new_size", change.new_size).end_object();
      text += '\n';
    } else {
      table.add({std::string(word_of(change.kind)),
                 change.kind == publish::ChangeKind::added ? "-" : format_size_approx(change.old_size),
                 change.kind == publish::ChangeKind::removed ? "-" : format_size_approx(change.new_size),
                 printable(change.path)});
    }
  }
  SEEKFS_TRY(session.console().out(session.json() ? text : table.to_string()));
  return ExitCode::ok;
}

Result<ExitCode> rollback(Session& session, const VersionOptions& options) {
  SEEKFS_ASSIGN(const std::string ns, parse_namespace_only(options.ns));
  SEEKFS_ASSIGN(const std::uint64_t version, parse_version(options.first));
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  SEEKFS_ASSIGN(const std::uint64_t before,
                publish::Versions(parts).rollback(ns, version, options.if_parent, options.unsafe_no_conditional_put));
  std::string text;
  if (session.json()) {
    http::JsonWriter json(text);
    json.begin_object().member("ns", ns).member("version", version).member("before", before).end_object();
    text += '\n';
  } else {
    text = fmt::format("HEAD of {} is v-{}; it was v-{}\n", ns, version, before);
  }
  SEEKFS_TRY(session.console().out(text));
  return ExitCode::ok;
}

}  // namespace

void add_versions(CLI::App& app, Command& chosen) {
  CLI::App* noun = app.add_subcommand("version", "versions of a namespace");
  noun->require_subcommand(1);
  const auto options = std::make_shared<VersionOptions>();
  const auto add = [&](const char* name, const char* doc, auto run) {
    CLI::App* verb = noun->add_subcommand(name, doc);
    verb->add_option("NS", options->ns, "namespace")->required();
    verb->callback(
        [options, &chosen, run] { chosen = [options, run](Session& session) { return run(session, *options); }; });
    return verb;
  };
  add("ls", "list the versions", list);
  add("show", "one version; default: HEAD", show)->add_option("VERSION", options->first, "3, v3 or v-3");
  CLI::App* compare = add("diff", "files that two versions do not share", diff);
  compare->add_option("FROM", options->first, "3, v3 or v-3")->required();
  compare->add_option("TO", options->second, "the other version")->required();
  CLI::App* back = add("rollback", "make an existing version HEAD", rollback);
  back->add_option("VERSION", options->first, "3, v3 or v-3")->required();
  back->add_option("--if-parent", options->if_parent, "stop with exit code 4 unless HEAD is N")->type_name("N");
  back->add_flag("--unsafe-no-conditional-put", options->unsafe_no_conditional_put,
                 "for a store that ignores conditions: one publisher at a time");
}

}  // namespace seekfs::cli
