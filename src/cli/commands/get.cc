// get: published files as local files.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/units.h"
#include "cli/commands/commands.h"
#include "cli/download.h"
#include "cli/locator.h"
#include "cli/text_format.h"
#include "http/json_text.h"

namespace seekfs::cli {
namespace {

struct GetOptions {
  std::string name;
  std::string target;
  bool recursive = false;
};

std::string last_segment(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Downloads with a progress line; knows how many bytes there are in all.
class Getter {
 public:
  Getter(Session& session, DataSource& data, std::uint64_t total_bytes)
      : session_(session), data_(data), total_(total_bytes) {}

  Status get(const FileName& file, const std::string& target) {
    auto facts = download(data_, file, session_.files(), session_.random(), target, [this](std::uint64_t bytes) {
      done_ += bytes;
      session_.console().progress("get", done_, total_, fmt::format("{} files", files_));
    });
    if (!facts) return std::unexpected(std::move(facts).error());
    ++files_;
    return {};
  }

  Status report(std::uint64_t version, const std::string& target) {
    session_.console().clear_progress();
    if (!session_.json()) {
      return session_.console().out(
          fmt::format("{} files, {}, of v-{}, in {}\n", files_, format_size_approx(done_), version, printable(target)));
    }
    std::string text;
    http::JsonWriter json(text);
    json.begin_object().member("files", files_).member("bytes", done_).member("version", version);
    json.member("target", target).end_object();
    return session_.console().out(text + "\n");
  }

 private:
  Session& session_;
  DataSource& data_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::uint64_t files_ = 0;
};

Result<ExitCode> get_file(Session& session, const PublishedName& name, std::string target) {
  if (target.empty()) target = last_segment(name.path);
  const auto there = session.files().stat(target);
  if (there && there->type == env::FileType::directory) target += "/" + last_segment(name.path);
  SEEKFS_ASSIGN(DataSource * data, session.data());
  FileName file{.ns = name.ns, .path = name.path, .version = name.version};
  SEEKFS_ASSIGN(const FileFacts facts, data->stat(file));
  file.version = facts.version;
  Getter getter(session, *data, facts.size);
  SEEKFS_TRY(getter.get(file, target));
  SEEKFS_TRY(getter.report(facts.version, target));
  return ExitCode::ok;
}

Result<ExitCode> get_folder(Session& session, const PublishedName& name, std::string target) {
  if (target.empty()) target = name.path.empty() ? name.ns : last_segment(name.path);
  SEEKFS_ASSIGN(DataSource * data, session.data());
  const std::string prefix = name.path.empty() ? "" : name.path + "/";
  std::vector<std::string> paths;
  std::uint64_t bytes = 0;
  SEEKFS_ASSIGN(const std::uint64_t version, data->list({.ns = name.ns, .path = prefix, .version = name.version}, false,
                                                        [&](const ListedFile& entry) -> Status {
                                                          paths.push_back(entry.path);
                                                          bytes += entry.size;
                                                          return {};
                                                        }));
  if (paths.empty()) {
    return fail(ErrorCode::not_found, fmt::format("no folder '{}' in {} v-{}", name.path, name.ns, version));
  }
  Getter getter(session, *data, bytes);
  std::string made;
  for (const std::string& path : paths) {
    const std::string file = target + "/" + path.substr(prefix.size());
    if (std::string folder = file.substr(0, file.rfind('/')); folder != made) {
      if (auto status = session.files().make_directories(folder); !status) {
        return fail(ErrorCode::internal, status.error().message);
      }
      made = std::move(folder);
    }
    SEEKFS_TRY(getter.get({.ns = name.ns, .path = path, .version = version}, file));
  }
  SEEKFS_TRY(getter.report(version, target));
  return ExitCode::ok;
}

Result<ExitCode> run(Session& session, const GetOptions& options) {
  SEEKFS_ASSIGN(const PublishedName name, parse_published_name(options.name));
  if (options.recursive) return get_folder(session, name, options.target);
  if (name.folder) {
    return fail(ErrorCode::bad_request, fmt::format("'{}' is a folder; get -r fetches all of it", options.name));
  }
  return get_file(session, name, options.target);
}

}  // namespace

void add_get(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App* command = app.add_subcommand("get", "fetch published files into local files, verified");
  command->add_option("NAME", options->name, "seekfs://NS[@VERSION]/PATH")->required();
  command->add_option("TARGET", options->target, "file or directory; default: the name's last part");
  command->add_flag("-r,--recursive", options->recursive, "a whole folder, into the directory TARGET");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(session, *options); }; });
}

}  // namespace seekfs::cli
