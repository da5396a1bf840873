// health: does the daemon serve, and what is degraded?
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "http/json_text.h"

namespace seekfs::cli {
namespace {

Result<ExitCode> health(Session& session) {
  SEEKFS_ASSIGN(DaemonClient * client, session.daemon());
  SEEKFS_ASSIGN(const DaemonReply reply, client->get_any("/v1/readyz"));
  SEEKFS_ASSIGN(const ReadyText ready, parse_ready(reply.body));
  std::string text;
  if (session.json()) {
    http::JsonWriter json(text);
    json.begin_object().member("address", client->base()).member("status", ready.status).key("degraded").begin_array();
    for (const std::string& item : ready.degraded) json.value(item);
    json.end_array().end_object();
    text += '\n';
  } else {
    text = fmt::format("{}  {}\n", client->base(), ready.status);
    for (const std::string& item : ready.degraded) text += fmt::format("degraded: {}\n", item);
  }
  SEEKFS_TRY(session.console().out(text));
  return reply.status == 200 ? ExitCode::ok : ExitCode::failure;
}

}  // namespace

void add_health(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("health", "does the daemon serve, and what is degraded? exit code 1: no");
  command->callback([&chosen] { chosen = health; });
}

}  // namespace seekfs::cli
