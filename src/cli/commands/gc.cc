// gc: removes old versions and what only they reach.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/commands/names.h"
#include "cli/text_format.h"
#include "publish/gc.h"

namespace seekfs::cli {
namespace {

struct GcOptions {
  std::string name;
  std::uint64_t keep_last = 10;
  std::string keep_within = "30d";
  std::string min_age = "7d";
  bool remove = false;
  bool list = false;
};

/// Prints each key as it is found; remembers the first failure to write, since the collector cannot be stopped by it.
class Lister final : public publish::GcObserver {
 public:
  Lister(Session& session, bool enabled) : session_(session), enabled_(enabled) {}
  void on_garbage(std::string_view key, std::uint64_t size) override {
    if (!enabled_ || !written_) return;
    std::string text;
    if (session_.json()) {
      http::JsonWriter json(text);
      json.begin_object().member("key", key).member("size", size).end_object();
    } else {
      text = fmt::format("{:>10}  {}", format_size_approx(size), printable(key));
    }
    written_ = session_.console().out(text + "\n");
  }
  const Status& written() const { return written_; }

 private:
  Session& session_;
  bool enabled_;
  Status written_;
};

std::string report_json(const std::string& ns, const publish::GcReport& report) {
  std::string text;
  http::JsonWriter json(text);
  const auto versions = [&json](std::string_view name, const std::vector<std::uint64_t>& numbers) {
    json.key(name).begin_array();
    for (const std::uint64_t number : numbers) json.value(number);
    json.end_array();
  };
  json.begin_object().member("ns", ns).member("dry_run", report.dry_run);
  versions("kept_versions", report.kept_versions);
  versions("dropped_versions", report.dropped_versions);
  json.member("kept_objects", report.kept_objects).member("young_objects", report.young_objects);
  json.member("garbage_objects", report.garbage_objects).member("garbage_bytes", report.garbage_bytes);
  json.member("removed_objects", report.removed_objects).member("removed_bytes", report.removed_bytes).end_object();
  return text + "\n";
}

std::string report_text(const std::string& ns, const publish::GcReport& report) {
  std::string text = fmt::format("namespace  {}\nversions   {} kept, {} {}\n", ns, report.kept_versions.size(),
                                 report.dropped_versions.size(), report.dry_run ? "to drop" : "dropped");
  text += fmt::format("objects    {} in use, {} too young to judge\n", report.kept_objects, report.young_objects);
  text += fmt::format("garbage    {} objects, {}\n", report.garbage_objects, format_size_approx(report.garbage_bytes));
  if (report.dry_run) return text + "removed    nothing: a dry run; --delete removes\n";
  return text +
         fmt::format("removed    {} objects, {}\n", report.removed_objects, format_size_approx(report.removed_bytes));
}

Result<ExitCode> run(Session& session, const GcOptions& options) {
  publish::GcRequest request{.keep_last = options.keep_last, .remove = options.remove};
  SEEKFS_ASSIGN(request.ns, parse_namespace_only(options.name));
  SEEKFS_ASSIGN(request.keep_within, parse_duration(options.keep_within));
  SEEKFS_ASSIGN(request.min_age, parse_duration(options.min_age));
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  Lister lister(session, options.list);
  SEEKFS_ASSIGN(const publish::GcReport report, publish::GarbageCollector(parts).run(request, lister));
  SEEKFS_TRY(lister.written());
  SEEKFS_TRY(session.console().out(session.json() ? report_json(request.ns, report) : report_text(request.ns, report)));
  return ExitCode::ok;
}

}  // namespace

void add_gc(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<GcOptions>();
  CLI::App* command = app.add_subcommand("gc", "remove versions that nothing keeps, and what only they reach");
  command->add_option("NS", options->name, "namespace")->required();
  command->add_option("--keep-last", options->keep_last, "versions with the highest numbers")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_option("--keep-within", options->keep_within, "versions that are younger")
      ->capture_default_str()
      ->type_name("TIME");
  command->add_option("--min-age", options->min_age, "anything younger is kept, by the store's clock")
      ->capture_default_str()
      ->type_name("TIME");
  command->add_flag("--delete", options->remove, "remove; without it, only say what would go");
  command->add_flag("--list", options->list, "print each key that is garbage");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(session, *options); }; });
}

}  // namespace seekfs::cli
