// stat and cat: one published file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/locator.h"
#include "cli/text_format.h"
#include "http/json_text.h"

namespace seekfs::cli {
namespace {

struct CatOptions {
  std::vector<std::string> names;
  std::string off;
  std::string len;
};

std::string facts_json(const PublishedName& name, const FileFacts& facts) {
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("ns", name.ns).member("path", name.path).member("version", facts.version);
  json.member("size", facts.size);
  json.key("hash");
  if (facts.hash_hex.empty()) {
    json.null();
  } else {
    json.value("sha256:" + facts.hash_hex);
  }
  json.key("mtime");
  if (facts.mtime) {
    json.value(*facts.mtime);
  } else {
    json.null();
  }
  if (!facts.key.empty()) json.member("key", facts.key).member("pages", facts.pages);
  json.end_object();
  return text + "\n";
}

std::string facts_text(const PublishedName& name, const FileFacts& facts) {
  PublishedName pinned = name;
  pinned.version = facts.version;
  std::string text = fmt::format("file      {}\nsize      {} ({})\n", printable(pinned.to_string()), facts.size,
                                 format_size_approx(facts.size));
  if (!facts.hash_hex.empty()) text += fmt::format("sha256    {}\n", facts.hash_hex);
  if (facts.mtime) text += fmt::format("modified  {}\n", format_time(*facts.mtime));
  if (!facts.key.empty()) text += fmt::format("key       {}\npages     {}\n", printable(facts.key), facts.pages);
  return text;
}

Result<ExitCode> stat(Session& session, const std::vector<std::string>& names) {
  for (const std::string& text : names) {
    SEEKFS_ASSIGN(const PublishedName name, parse_published_file(text));
    SEEKFS_ASSIGN(DataSource * data, session.data());
    SEEKFS_ASSIGN(const FileFacts facts, data->stat({.ns = name.ns, .path = name.path, .version = name.version}));
    SEEKFS_TRY(session.console().out(session.json() ? facts_json(name, facts) : facts_text(name, facts)));
  }
  return ExitCode::ok;
}

Result<std::optional<std::uint64_t>> parse_amount(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<std::uint64_t>();
  auto amount = parse_size(text);
  if (!amount) return fail(ErrorCode::bad_request, fmt::format("{}: {}", option, amount.error().message));
  return std::optional(*amount);
}

Result<ExitCode> cat(Session& session, const CatOptions& options) {
  SEEKFS_ASSIGN(const auto off, parse_amount("--off", options.off));
  SEEKFS_ASSIGN(const auto len, parse_amount("--len", options.len));
  std::vector<PublishedName> names;
  for (const std::string& text : options.names) {
    SEEKFS_ASSIGN(PublishedName name, parse_published_file(text));
    names.push_back(std::move(name));
  }
  SEEKFS_ASSIGN(DataSource * data, session.data());
  for (const PublishedName& name : names) {
    SEEKFS_TRY(data->read({.ns = name.ns, .path = name.path, .version = name.version}, off.value_or(0), len,
                          [&session](std::span<const std::byte> bytes) { return session.console().out(bytes); }));
  }
  return ExitCode::ok;
}

}  // namespace

void add_files(CLI::App& app, Command& chosen) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* facts = app.add_subcommand("stat", "size, hash and times of published files");
  facts->add_option("NAME", *names, "seekfs://NS[@VERSION]/PATH")->required();
  facts->callback([names, &chosen] { chosen = [names](Session& session) { return stat(session, *names); }; });

  const auto options = std::make_shared<CatOptions>();
  CLI::App* bytes = app.add_subcommand("cat", "write published files to stdout");
  bytes->add_option("NAME", options->names, "seekfs://NS[@VERSION]/PATH")->required();
  bytes->add_option("--off", options->off, "start at this byte of each file")->type_name("SIZE");
  bytes->add_option("--len", options->len, "this many bytes of each file at most")->type_name("SIZE");
  bytes->callback([options, &chosen] { chosen = [options](Session& session) { return cat(session, *options); }; });
}

}  // namespace seekfs::cli
