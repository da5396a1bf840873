// The publish report as lines and as JSON.
#include "cli/commands/publish_report.h"

#include <fmt/format.h>

#include "base/units.h"
#include "cli/locator.h"
#include "http/json_text.h"

namespace seekfs::cli {
namespace {

std::string skipped_text(const publish::SkippedFiles& skipped) {
  std::string text;
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(skipped.special, "devices, sockets and pipes");
  add(skipped.symlinks, "symbolic links");
  add(skipped.filtered, "by --include and --exclude");
  add(skipped.own_keys, "of SeekFS's own objects");
  add(skipped.bad_keys, "keys that make no path");
  if (!skipped.bad_key_names.empty()) {
    text += fmt::format(": {}{}", fmt::join(skipped.bad_key_names, ", "),
                        skipped.bad_keys > skipped.bad_key_names.size() ? ", ..." : "");
  }
  return text;
}

std::string name_of(const std::string& ns, std::uint64_t version) {
  return PublishedName{.ns = ns, .version = version, .path = "", .folder = true}.to_string();
}

}  // namespace

std::string report_text(const std::string& ns, const publish::PublishReport& report) {
  std::string text;
  const std::string parent = report.parent ? fmt::format("v-{}", *report.parent) : "nothing";
  if (report.version) {
    text = fmt::format("published  {} on {}\n", name_of(ns, *report.version), parent);
  } else if (report.dry_run) {
    text = fmt::format("dry run    nothing was written; the parent is {}\n", parent);
  } else if (!report.parent) {
    text = "nothing    there is no file to publish, so no version was made\n";
  } else {
    text = fmt::format("unchanged  {} holds all of it already\n", parent);
  }
  text += fmt::format("files      {}, {}\n", report.files, format_size_approx(report.bytes));
  text += fmt::format("changes    {} added, {} changed, {} removed\n", report.added, report.changed, report.removed);
  text +=
      fmt::format("uploaded   {} objects, {}\n", report.uploaded_objects, format_size_approx(report.uploaded_bytes));
  text += fmt::format("reused     {} files, {}\n", report.reused_files, format_size_approx(report.reused_bytes));
  const std::string skipped = skipped_text(report.skipped);
  if (!skipped.empty()) text += fmt::format("skipped    {}\n", skipped);
  return text;
}

std::string report_json(const std::string& ns, const publish::PublishReport& report) {
  std::string text;
  http::JsonWriter json(text);
  const auto number_or_null = [&json](std::string_view name, const std::optional<std::uint64_t>& number) {
    json.key(name);
    if (number) {
      json.value(*number);
    } else {
      json.null();
    }
  };
  json.begin_object().member("ns", ns);
  number_or_null("parent", report.parent);
  number_or_null("version", report.version);
  json.member("dry_run", report.dry_run).member("files", report.files).member("bytes", report.bytes);
  json.member("added", report.added).member("changed", report.changed).member("removed", report.removed);
  json.member("source_files", report.source_files).member("source_bytes", report.source_bytes);
  json.member("hashed_files", report.hashed_files).member("hashed_bytes", report.hashed_bytes);
  json.member("uploaded_objects", report.uploaded_objects).member("uploaded_bytes", report.uploaded_bytes);
  json.member("reused_files", report.reused_files).member("reused_bytes", report.reused_bytes);
  json.member("merges", report.merges);
  json.member("skipped_special", report.skipped.special).member("skipped_symlinks", report.skipped.symlinks);
  json.member("skipped_filtered", report.skipped.filtered).member("skipped_own_keys", report.skipped.own_keys);
  json.member("skipped_bad_keys", report.skipped.bad_keys).key("bad_keys").begin_array();
  for (const std::string& key : report.skipped.bad_key_names) json.value(key);
  json.end_array().key("delete_not_found").begin_array();
  for (const std::string& path : report.delete_not_found) json.value(path);
  json.end_array().end_object();
  return text + "\n";
}

}  // namespace seekfs::cli
