// verify: does the store hold what a manifest says?
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/commands/names.h"
#include "cli/text_format.h"
#include "publish/verify.h"

namespace seekfs::cli {
namespace {

struct VerifyOptions {
  std::string name;
  std::string level = "full";
};

class ProgressObserver final : public publish::VerifyObserver {
 public:
  explicit ProgressObserver(Console& console) : console_(console) {}
  void on_progress(std::uint64_t bytes_done, std::uint64_t bytes_total) override {
    console_.progress("verify", bytes_done, bytes_total);
  }

 private:
  Console& console_;
};

/// One line a mismatch, and a last one that sums up.
std::string report_json(const std::string& ns, const publish::VerifyReport& report) {
  std::string text;
  for (const publish::Mismatch& mismatch : report.mismatches) {
    http::JsonWriter json(text);
    json.begin_object().member("path", mismatch.path).member("key", mismatch.key);
    json.member("mismatch", to_string(mismatch.kind)).member("detail", mismatch.detail).end_object();
    text += '\n';
  }
  http::JsonWriter json(text);
  json.begin_object().member("ns", ns).member("version", report.version).member("good", report.good());
  json.member("files", report.files).member("bytes", report.bytes).member("bad_files", report.bad_files);
  json.member("checked_pages", report.checked_pages).member("checked_bytes", report.checked_bytes).end_object();
  return text + "\n";
}

std::string report_text(const std::string& ns, const publish::VerifyReport& report) {
  std::string text;
  if (!report.good()) {
    Table table({{"MISMATCH"}, {"PATH"}, {"DETAIL"}});
    for (const publish::Mismatch& mismatch : report.mismatches) {
      table.add({std::string(to_string(mismatch.kind)), printable(mismatch.path), printable(mismatch.detail)});
    }
    text = table.to_string();
  }
  return text + fmt::format("seekfs://{}@{}: {} files, {}; read {} in {} pages; {}\n", ns, report.version, report.files,
                            format_size_approx(report.bytes), format_size_approx(report.checked_bytes),
                            report.checked_pages,
                            report.good() ? "all as published" : fmt::format("{} files differ", report.bad_files));
}

Result<ExitCode> run(Session& session, const VerifyOptions& options) {
  SEEKFS_ASSIGN(const NamespaceName name, parse_namespace_name(options.name));
  publish::VerifyRequest request{.ns = name.ns, .version = name.version};
  SEEKFS_TRY(publish::parse_verify_level(options.level, request));
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  ProgressObserver observer(session.console());
  auto report = publish::Verifier(parts).verify(request, observer);
  session.console().clear_progress();
  if (!report) return std::unexpected(std::move(report).error());
  SEEKFS_TRY(session.console().out(session.json() ? report_json(name.ns, *report) : report_text(name.ns, *report)));
  return report->good() ? ExitCode::ok : ExitCode::mismatch;
}

}  // namespace

void add_verify(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", "compare the store with a version's manifest; exit code 3: differs");
  command->add_option("NS", options->name, "NS or NS@VERSION; default: HEAD")->required();
  command
      ->add_option("--level", options->level, "head (sizes and ETags), sample=1% (of the pages) or full (every byte)")
      ->capture_default_str()
      ->type_name("LEVEL");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(session, *options); }; });
}

}  // namespace seekfs::cli
