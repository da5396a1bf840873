// ns ls, ns show.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/names.h"
#include "cli/text_format.h"
#include "publish/versions.h"

namespace seekfs::cli {
namespace {

std::string json_line(const publish::NamespaceSummary& summary, std::optional<std::uint64_t> versions = {}) {
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("ns", summary.name).key("version");
  if (summary.head) {
    json.value(*summary.head);
  } else {
    json.null();
  }
  append_info(json, summary.info);
  if (versions) json.member("versions", *versions);
  json.end_object();
  return text + "\n";
}

std::string head_text(const publish::NamespaceSummary& summary) {
  return summary.head ? fmt::format("v-{}", *summary.head) : "-";
}

Result<ExitCode> list(Session& session) {
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  SEEKFS_ASSIGN(const auto summaries, publish::Versions(parts).namespaces());
  std::string text;
  Table table({{"NAMESPACE"}, {"HEAD"}, {"FILES", Align::right}, {"SIZE", Align::right}, {"CREATED"}, {"MESSAGE"}});
  for (const publish::NamespaceSummary& summary : summaries) {
    if (session.json()) {
      text += json_line(summary);
    } else {
      std::vector<std::string> cells = {summary.name, head_text(summary)};
      for (std::string& cell : info_cells(summary.info)) cells.push_back(std::move(cell));
      table.add(std::move(cells));
    }
  }
  SEEKFS_TRY(session.console().out(session.json() ? text : table.to_string()));
  return ExitCode::ok;
}

Result<ExitCode> show(Session& session, const std::string& name) {
  SEEKFS_ASSIGN(const std::string ns, parse_namespace_only(name));
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  SEEKFS_ASSIGN(const publish::NamespaceDetail detail, publish::Versions(parts).show_namespace(ns));
  if (session.json()) {
    SEEKFS_TRY(session.console().out(json_line(detail.summary, detail.versions.size())));
    return ExitCode::ok;
  }
  const std::vector<std::string> cells = info_cells(detail.summary.info);
  SEEKFS_TRY(session.console().out(fmt::format(
      "namespace  {}\nhead       {}\nfiles      {}\nsize       {}\ncreated    {}\nmessage    {}\nversions   {}\n",
      detail.summary.name, head_text(detail.summary), cells[0], cells[1], cells[2], cells[3], detail.versions.size())));
  return ExitCode::ok;
}

}  // namespace

void add_namespaces(CLI::App& app, Command& chosen) {
  CLI::App* noun = app.add_subcommand("ns", "namespaces of the store");
  noun->require_subcommand(1);
  noun->add_subcommand("ls", "list the namespaces")->callback([&chosen] { chosen = list; });
  const auto name = std::make_shared<std::string>();
  CLI::App* verb = noun->add_subcommand("show", "one namespace");
  verb->add_option("NS", *name, "namespace")->required();
  verb->callback([name, &chosen] { chosen = [name](Session& session) { return show(session, *name); }; });
}

}  // namespace seekfs::cli
