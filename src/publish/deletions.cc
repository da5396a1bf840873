// Deletions by name, by absence from the source, and by replacement, under one limit.
#include "publish/deletions.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "manifest/in_quotes.h"

namespace seekfs::publish {
namespace {

bool is_in_source(const SourceList& source, std::string_view path) {
  return std::ranges::binary_search(source.files, path, {},
                                    [](const SourceFile& file) { return std::string_view(file.path); });
}

bool is_below(std::string_view path, std::string_view folder) {
  if (folder.ends_with('/')) folder.remove_suffix(1);
  return folder.empty() || (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

bool is_missing(const PublishRequest& request, const PathFilter& filter, const SourceList& source,
                std::string_view path) {
  if (is_in_source(source, path)) return false;
  if (request.replace) return true;
  return filter.chooses(path) && std::ranges::any_of(request.delete_missing, [path](const std::string& folder) {
           return is_below(path, folder);
         });
}

}  // namespace

Result<Deletions> plan_deletions(const PublishRequest& request, const PathFilter& filter, const SourceList& source,
                                 const Snapshot& parent) {
  Deletions deletions;
  for (const std::string& path : request.delete_paths) {
    if (is_in_source(source, path)) {
      return fail(ErrorCode::bad_request,
                  manifest::in_quotes(path) + " is in the source and named by --delete; it cannot be both");
    }
    if (parent.find(path) != nullptr) {
      deletions.paths.insert(path);
    } else {
      deletions.not_found.push_back(path);
    }
  }
  for (const manifest::FileEntry& file : parent.files()) {
    if (is_missing(request, filter, source, file.path)) deletions.paths.insert(file.path);
  }
  const std::uint64_t allowed = request.max_delete.allowed(parent.files().size());
  if (deletions.paths.size() > allowed) {
    return fail(
        ErrorCode::bad_request,
        fmt::format("{} of {} files would be deleted, {} among them, and at most {} may be; if that is meant, say "
                    "--max-delete {}",
                    deletions.paths.size(), parent.files().size(), manifest::in_quotes(*deletions.paths.begin()),
                    allowed, deletions.paths.size()));
  }
  return deletions;
}

}  // namespace seekfs::publish
