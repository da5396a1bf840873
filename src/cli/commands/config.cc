// config show: what is in force, and where each value came from.
#include <CLI/CLI.hpp>

#include "app/config/show.h"
#include "cli/commands/commands.h"
#include "http/json_text.h"

namespace seekfs::cli {
namespace {

Result<ExitCode> show(Session& session, bool origins) {
  SEEKFS_ASSIGN(const app::LoadedConfig* loaded, session.config());
  if (!session.json()) {
    SEEKFS_TRY(session.console().out(app::show_config(*loaded, origins)));
    return ExitCode::ok;
  }
  std::string text;
  for (const app::Setting& setting : loaded->settings) {
    http::JsonWriter json(text);
    json.begin_object().member("key", setting.key->name).member("value", app::display(*setting.key, loaded->values));
    json.member("origin", setting.origin).end_object();
    text += '\n';
  }
  SEEKFS_TRY(session.console().out(text));
  return ExitCode::ok;
}

}  // namespace

void add_config(CLI::App& app, Command& chosen) {
  CLI::App* noun = app.add_subcommand("config", "the configuration");
  noun->require_subcommand(1);
  CLI::App* verb = noun->add_subcommand("show", "every key and its value, as TOML; secrets are masked");
  const auto origins = std::make_shared<bool>(false);
  verb->add_flag("--origin", *origins, "say where each value came from");
  verb->callback([origins, &chosen] { chosen = [origins](Session& session) { return show(session, *origins); }; });
}

}  // namespace seekfs::cli
