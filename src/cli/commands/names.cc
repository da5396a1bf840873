// Namespace names and the columns that every list of versions has.
#include "cli/commands/names.h"

#include <fmt/format.h>

#include "base/units.h"
#include "cli/locator.h"
#include "cli/text_format.h"

namespace seekfs::cli {

Result<NamespaceName> parse_namespace_name(std::string_view text) {
  const std::string full = text.starts_with("seekfs://") ? std::string(text) : fmt::format("seekfs://{}", text);
  SEEKFS_ASSIGN(PublishedName name, parse_published_name(full));
  if (!name.path.empty()) {
    return fail(ErrorCode::bad_request, fmt::format("'{}' names a file; this command takes a namespace", text));
  }
  return NamespaceName{.ns = std::move(name.ns), .version = name.version};
}

Result<std::string> parse_namespace_only(std::string_view text) {
  SEEKFS_ASSIGN(NamespaceName name, parse_namespace_name(text));
  if (name.version) {
    return fail(ErrorCode::bad_request, fmt::format("'{}' names a version; this command takes a namespace", text));
  }
  return std::move(name.ns);
}

void append_info(http::JsonWriter& json, const std::optional<manifest::VersionInfo>& info) {
  if (info) {
    json.member("files", info->files).member("bytes", info->bytes).member("created_at", info->created_at);
    json.member("message", info->message);
  } else {
    json.key("files").null().key("bytes").null().key("created_at").null().key("message").null();
  }
}

std::vector<std::string> info_cells(const std::optional<manifest::VersionInfo>& info) {
  if (!info) return {"-", "-", "-", "-"};
  return {std::to_string(info->files), format_size_approx(info->bytes), format_time(info->created_at),
          printable(info->message)};
}

}  // namespace seekfs::cli
