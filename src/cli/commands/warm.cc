// warm: published files into the caches of this node.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/hint_client.h"
#include "cli/locator.h"

namespace seekfs::cli {
namespace {

struct WarmOptions {
  std::vector<std::string> names;
  std::uint64_t priority = 0;
  bool wait = false;
};

/// What is wanted of one version.
struct Group {
  std::string ns;
  std::optional<std::uint64_t> version;
  std::vector<reader::HintWindow> windows;
};

Result<std::vector<Group>> group_names(const std::vector<std::string>& names) {
  std::vector<Group> groups;
  for (const std::string& text : names) {
    SEEKFS_ASSIGN(const PublishedName name,
                  parse_published_name(text.starts_with("seekfs://") ? text : "seekfs://" + text));
    auto group = std::ranges::find_if(
        groups, [&name](const Group& each) { return each.ns == name.ns && each.version == name.version; });
    if (group == groups.end()) {
      groups.push_back({.ns = name.ns, .version = name.version, .windows = {}});
      group = std::prev(groups.end());
    }
    group->windows.push_back({.name = name.folder && !name.path.empty() ? name.path + "/" : name.path,
                              .is_prefix = name.folder,
                              .ranges = {}});
  }
  return groups;
}

Result<ExitCode> run(Session& session, const WarmOptions& options) {
  SEEKFS_ASSIGN(const std::vector<Group> groups, group_names(options.names));
  if (session.options().direct) {
    return fail(ErrorCode::bad_request, "warm fills the caches of a running daemon; leave out --direct");
  }
  SEEKFS_ASSIGN(DaemonClient * daemon, session.daemon());
  std::vector<HintReply> hints;
  for (const Group& group : groups) {
    QueryItems query = {{"ns", group.ns}};
    if (group.version) query.emplace_back("version", std::to_string(*group.version));
    const std::string body = hint_body(group.windows, {.priority = options.priority, .ttl = default_hint_ttl(true)});
    SEEKFS_ASSIGN(const DaemonReply reply, daemon->post_json("/v1/hints", query, body));
    SEEKFS_ASSIGN(HintReply hint, parse_hint_reply(reply.body));
    if (session.json()) {
      SEEKFS_TRY(session.console().out(hint.json + "\n"));
    } else if (!options.wait) {
      SEEKFS_TRY(session.console().out(
          fmt::format("{}  {} v-{} is being prefetched; seekfs-ctl hint show {} says how far it is\n", hint.status.id,
                      hint.status.ns, hint.status.version, hint.status.id)));
    }
    hints.push_back(std::move(hint));
  }
  if (!options.wait) return ExitCode::ok;
  return wait_for_hints(session, std::move(hints));
}

}  // namespace

void add_warm(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<WarmOptions>();
  CLI::App* command = app.add_subcommand("warm", "prefetch published files into the daemon's caches, in this order");
  command->add_option("NAME", options->names, "seekfs://NS[@VERSION][/PATH], a folder with its slash")->required();
  command->add_flag("--wait", options->wait, "until it has ended, with its progress and what is resident");
  command->add_option("--priority", options->priority, "0 to 100; larger ones go first among hints");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(session, *options); }; });
}

}  // namespace seekfs::cli
