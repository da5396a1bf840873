// Putting the commands together, and CLI11's exceptions into values.
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/config/command_line.h"

namespace seekfs::cli {
namespace {

constexpr const char* footer =
    "A published file is seekfs://NS[@VERSION]/PATH, objects of the store are store:PREFIX or\n"
    "s3://BUCKET/PREFIX.\n"
    "health, ls, stat, cat, get and cache ask the daemon, or with --direct the store (cache: its directories); warm\n"
    "and hint ask the daemon; the others work on the store.\n"
    "Every configuration key is also a flag: --store.type fs --store.path DIR.\n"
    "Exit codes: 0 done, 1 failure, 2 usage or configuration, 3 mismatch, 4 conflict, 5 not found, 6 origin.";

std::string help_of(const CLI::App& app) {
  const CLI::App* deepest = &app;
  for (auto parsed = deepest->get_subcommands(); !parsed.empty(); parsed = deepest->get_subcommands()) {
    deepest = parsed.front();
  }
  return deepest->help();
}

}  // namespace

std::unique_ptr<CLI::App, void (*)(CLI::App*)> make_command_line(GlobalOptions& globals, Command& chosen) {
  std::unique_ptr<CLI::App, void (*)(CLI::App*)> app(
      new CLI::App("Publishes data sets to an object store and reads them.", "seekfs-ctl"),
      [](CLI::App* owned) { delete owned; });
  app->fallthrough();
  app->require_subcommand(1);
  app->footer(footer);
  app->get_formatter()->column_width(36);
  app->set_version_flag("--version", std::string("seekfs-ctl ") + SEEKFS_VERSION);
  app::add_config_flags(*app, globals.sources, "");
  app->add_option("--addr", globals.address,
                  "the daemon, http://HOST:PORT or unix:/PATH; default: what api.listen says")
      ->type_name("URL");
  app->add_flag("--json", globals.json, "JSON instead of tables; lists have one object a line");
  app->add_flag("--direct", globals.direct, "without the daemon: read from the store; cache: open its directories");
  add_health(*app, chosen);
  add_publish(*app, chosen);
  add_namespaces(*app, chosen);
  add_versions(*app, chosen);
  add_ls(*app, chosen);
  add_files(*app, chosen);
  add_get(*app, chosen);
  add_verify(*app, chosen);
  add_gc(*app, chosen);
  add_warm(*app, chosen);
  add_hint(*app, chosen);
  add_cache(*app, chosen);
  add_doctor(*app, chosen);
  add_config(*app, chosen);
  add_completion(*app, chosen);
  return app;
}

Result<ParsedLine> parse(CLI::App& app, std::vector<std::string> arguments) {
  ParsedLine line;
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    line.answer = help_of(app);
  } catch (const CLI::CallForVersion& version) {
    line.answer = std::string(version.what()) + "\n";
  } catch (const CLI::Error& error) {
    return fail(ErrorCode::bad_request, fmt::format("{}; seekfs-ctl --help lists the commands", error.what()));
  }
  return line;
}

}  // namespace seekfs::cli
