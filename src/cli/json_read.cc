// Reading replies with Boost.JSON; its errors become values here.
#include "cli/json_read.h"

#include <algorithm>

#include "cli/json_fields.h"
#include "manifest/path.h"

namespace seekfs::cli {
namespace {

namespace json = boost::json;

}  // namespace

ErrorCode error_code_named(std::string_view name) {
  for (std::size_t i = 0; i < error_code_count; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (to_string(code) == name) return code;
  }
  return ErrorCode::internal;
}

std::optional<ProblemText> parse_problem(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return std::nullopt;
  const auto code = text_of(*object, "code");
  const auto detail = text_of(*object, "detail");
  if (!code || !detail) return std::nullopt;
  return ProblemText{error_code_named(*code), *detail, text_of(*object, "request_id").value_or("")};
}

Result<ReadyText> parse_ready(std::string_view text) {
  const auto object = parse_object(text);
  const auto status = object ? text_of(*object, "status") : std::nullopt;
  const json::array* degraded = object ? array_of(*object, "degraded") : nullptr;
  if (!status || degraded == nullptr) return unexpected_reply("/readyz");
  ReadyText ready{*status, {}};
  for (const json::value& item : *degraded) {
    if (!item.is_string()) return unexpected_reply("/readyz");
    ready.degraded.emplace_back(item.get_string());
  }
  return ready;
}

Result<FileListText> parse_file_list(std::string_view text) {
  const auto object = parse_object(text);
  const auto version = object ? number_of<std::uint64_t>(*object, "version") : std::nullopt;
  const json::array* files = object ? array_of(*object, "files") : nullptr;
  const json::array* prefixes = object ? array_of(*object, "prefixes") : nullptr;
  if (!version || files == nullptr || prefixes == nullptr) return unexpected_reply("/files");
  FileListText list;
  list.version = *version;
  for (const json::value& item : *files) {
    const json::object* file = item.if_object();
    const auto path = file == nullptr ? std::nullopt : text_of(*file, "path");
    const auto size = file == nullptr ? std::nullopt : number_of<std::uint64_t>(*file, "size");
    if (!path || !size) return unexpected_reply("/files");
    // get -r makes local names of them: one that led out of its target would be somebody else's choice of a file.
    SEEKFS_TRY(manifest::check_path(*path));
    list.entries.push_back({.path = *path,
                            .folder = false,
                            .size = *size,
                            .hash = text_of(*file, "hash").value_or(""),
                            .mtime = number_of<std::int64_t>(*file, "mtime")});
  }
  for (const json::value& item : *prefixes) {
    if (!item.is_string()) return unexpected_reply("/files");
    list.entries.push_back(
        {.path = std::string(item.get_string()), .folder = true, .size = 0, .hash = {}, .mtime = std::nullopt});
  }
  std::ranges::sort(list.entries, {}, &ListedFile::path);
  list.next = text_of(*object, "next");
  return list;
}

}  // namespace seekfs::cli
