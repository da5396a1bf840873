// The daemon's JSON replies as plain values; Boost.JSON stays behind this header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs::cli {

/// The members of a problem document that a tool needs.
struct ProblemText {
  ErrorCode code = ErrorCode::internal;
  std::string detail;
  std::string request_id;
};
/// The code of that name; `internal` when there is none.
ErrorCode error_code_named(std::string_view name);
/// Nothing when the text is no problem document.
std::optional<ProblemText> parse_problem(std::string_view json);

struct ReadyText {
  std::string status;
  std::vector<std::string> degraded;
};
/// `corrupt` when the text is not what /readyz answers.
Result<ReadyText> parse_ready(std::string_view json);

struct ListedFile {
  std::string path;  ///< of a folder: with its trailing slash
  bool folder = false;
  std::uint64_t size = 0;
  std::string hash;  ///< "sha256:…"; may be empty
  std::optional<std::int64_t> mtime;
};
struct FileListText {
  std::uint64_t version = 0;
  std::vector<ListedFile> entries;  ///< by path
  std::optional<std::string> next;  ///< the cursor of the next part
};
/// `corrupt` when the text is not what /files answers.
Result<FileListText> parse_file_list(std::string_view json);

}  // namespace seekfs::cli
