// hint post, show, cancel: lists of what will be read, and how far their prefetch has come.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <optional>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/commands/names.h"
#include "cli/hint_client.h"
#include "env/file.h"

namespace seekfs::cli {
namespace {

/// More than the daemon takes; it says so.
constexpr std::uint64_t max_list_bytes = 64U << 20U;

struct PostOptions {
  std::string ns;
  std::string file = "-";
  std::uint64_t epoch = 0;
  std::uint64_t priority = 0;
  std::optional<std::string> ttl;
  bool wait = false;
};

Result<std::string> read_stdin() {
  std::string text;
  std::array<char, 65536> piece{};
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), stdin)) {
    text.append(piece.data(), count);
    if (text.size() > max_list_bytes) return fail(ErrorCode::too_large, "the list on stdin is larger than 64 MiB");
  }
  if (std::ferror(stdin) != 0) return fail(ErrorCode::internal, "stdin cannot be read");
  return text;
}

/// A body as /hints takes it is sent as it is; a list becomes one.
Result<std::string> body_of(const std::string& text, const PostOptions& options) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return text;
  SEEKFS_ASSIGN(const auto windows, parse_hint_list(text));
  std::chrono::milliseconds ttl = default_hint_ttl(options.wait);
  if (options.ttl) {
    SEEKFS_ASSIGN(ttl, parse_duration(*options.ttl));
  }
  return hint_body(windows, {.epoch = options.epoch, .priority = options.priority, .ttl = ttl});
}

Result<ExitCode> post(Session& session, const PostOptions& options) {
  SEEKFS_ASSIGN(const NamespaceName name, parse_namespace_name(options.ns));
  auto text = options.file == "-" ? read_stdin() : env::read_file(session.files(), options.file, max_list_bytes);
  if (!text) return fail(ErrorCode::internal, text.error().message);
  SEEKFS_ASSIGN(const std::string body, body_of(*text, options));
  SEEKFS_ASSIGN(DaemonClient * daemon, session.daemon());
  QueryItems query = {{"ns", name.ns}};
  if (name.version) query.emplace_back("version", std::to_string(*name.version));
  SEEKFS_ASSIGN(const DaemonReply reply, daemon->post_json("/v1/hints", query, body));
  SEEKFS_ASSIGN(HintReply hint, parse_hint_reply(reply.body));
  if (session.json()) {
    SEEKFS_TRY(session.console().out(hint.json + "\n"));
  } else if (!options.wait) {
    SEEKFS_TRY(session.console().out(hint.status.id + "\n"));
  }
  if (!options.wait) return ExitCode::ok;
  std::vector<HintReply> hints;
  hints.push_back(std::move(hint));
  return wait_for_hints(session, std::move(hints));
}

Result<ExitCode> print(Session& session, const HintReply& hint) {
  SEEKFS_TRY(session.console().out(session.json() ? hint.json + "\n" : hint_line(hint.status)));
  if (!session.json()) (void)report_errors(session, hint.status);
  return ExitCode::ok;
}

Result<ExitCode> show(Session& session, const std::string& id) {
  SEEKFS_ASSIGN(DaemonClient * daemon, session.daemon());
  SEEKFS_ASSIGN(const HintReply hint, ask_after(*daemon, id));
  return print(session, hint);
}

Result<ExitCode> cancel(Session& session, const std::string& id) {
  SEEKFS_ASSIGN(DaemonClient * daemon, session.daemon());
  SEEKFS_ASSIGN(const DaemonReply reply, daemon->remove(fmt::format("/v1/hints/{}", id)));
  SEEKFS_ASSIGN(const HintReply hint, parse_hint_reply(reply.body));
  return print(session, hint);
}

}  // namespace

void add_hint(CLI::App& app, Command& chosen) {
  CLI::App* noun = app.add_subcommand("hint", "tell the daemon what will be read, in that order");
  noun->require_subcommand(1);
  const auto options = std::make_shared<PostOptions>();
  CLI::App* sends = noun->add_subcommand("post", "a list: PATH a line, FOLDER/, or PATH, OFFSET, LENGTH with tabs");
  sends->add_option("NS", options->ns, "NS[@VERSION]")->required();
  sends->add_option("FILE", options->file, "the list, or a body of /hints in JSON; default: stdin");
  sends->add_option("--epoch", options->epoch, "your own number of it");
  sends->add_option("--priority", options->priority, "0 to 100; larger ones go first among hints");
  sends->add_option("--ttl", options->ttl, "when it ends and is forgotten, 24h at most [10m; with --wait 24h]");
  sends->add_flag("--wait", options->wait, "until it has ended, as warm --wait");
  sends->callback([options, &chosen] { chosen = [options](Session& session) { return post(session, *options); }; });
  const auto add = [&](const char* name, const char* doc, auto run) {
    const auto id = std::make_shared<std::string>();
    CLI::App* verb = noun->add_subcommand(name, doc);
    verb->add_option("ID", *id, "as post printed it")
        ->required()
        ->check(CLI::Validator(
            [](std::string& text) {
              return text.find_first_not_of("0123456789abcdef") == std::string::npos ? "" : "an ID has digits and a-f";
            },
            "ID"));
    verb->callback([id, &chosen, run] { chosen = [id, run](Session& session) { return run(session, *id); }; });
  };
  add("show", "how far it has come", show);
  add("cancel", "end its prefetch and forget it", cancel);
}

}  // namespace seekfs::cli
