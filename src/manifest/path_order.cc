// Rules between the paths of one manifest.
#include "manifest/path_order.h"

#include <fmt/format.h>

#include "manifest/in_quotes.h"

namespace seekfs::manifest {

Status PathOrderCheck::next(std::string_view path) {
  while (!prefixes_.empty() && !path.starts_with(prefixes_.back())) prefixes_.pop_back();
  for (const std::string_view prefix : prefixes_) {
    if (prefix.size() == path.size()) {
      return fail(ErrorCode::unsupported_manifest, fmt::format("files {}: path: is there twice", in_quotes(path)));
    }
    if (path[prefix.size()] == '/') {
      return fail(ErrorCode::unsupported_manifest,
                  fmt::format("files {}: path: is a directory of {}", in_quotes(prefix), in_quotes(path)));
    }
  }
  prefixes_.push_back(path);
  return {};
}

}  // namespace seekfs::manifest
