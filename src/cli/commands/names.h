// Namespaces and versions as commands take and print them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/json_text.h"
#include "manifest/model.h"

namespace seekfs::cli {

struct NamespaceName {
  std::string ns;
  std::optional<std::uint64_t> version;
};

/// "demo", "demo@3", "seekfs://demo" or "seekfs://demo@3"; bad_request on anything else, a path included.
Result<NamespaceName> parse_namespace_name(std::string_view text);

/// The same for commands to which a version means nothing.
Result<std::string> parse_namespace_only(std::string_view text);

/// The members files, bytes, created_at and message; nulls where there is no info.
void append_info(http::JsonWriter& json, const std::optional<manifest::VersionInfo>& info);

/// Cells "FILES", "SIZE", "CREATED", "MESSAGE" of a table; "-" where there is no info.
std::vector<std::string> info_cells(const std::optional<manifest::VersionInfo>& info);

}  // namespace seekfs::cli
