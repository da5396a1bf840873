// The rules of namespaces and paths.
#include "manifest/path.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "manifest/in_quotes.h"

namespace seekfs::manifest {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::unexpected<Error> bad_namespace(std::string_view ns, std::string_view rule) {
  return fail(ErrorCode::bad_request, fmt::format("namespace {}: {}", in_quotes(ns), rule));
}

std::unexpected<Error> bad_path(std::string_view path, std::string_view rule) {
  return fail(ErrorCode::invalid_path, fmt::format("path {}: {}", in_quotes(path), rule));
}

Status check_segments(std::string_view path) {
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment.empty()) {
      if (begin == 0) return bad_path(path, "is absolute; leave out the first '/'");
      return bad_path(path, end == path.size() ? "ends in '/'" : "has an empty segment ('//')");
    }
    if (segment == "." || segment == "..") return bad_path(path, fmt::format("has a '{}' segment", segment));
    begin = end + 1;
  }
  return {};
}

}  // namespace

Status check_namespace(std::string_view ns) {
  if (ns.empty()) return bad_namespace(ns, "is empty");
  if (ns.size() > max_namespace_length) {
    return bad_namespace(ns, fmt::format("is {} bytes long; {} are allowed", ns.size(), max_namespace_length));
  }
  for (const char c : ns) {
    if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-') {
      return bad_namespace(ns, "only a-z, 0-9, '.', '_' and '-' are allowed");
    }
  }
  if (!is_alphanumeric(ns.front()) || !is_alphanumeric(ns.back())) {
    return bad_namespace(ns, "must begin and end with a-z or 0-9");
  }
  return {};
}

Status check_path(std::string_view path) {
  if (path.empty()) return bad_path(path, "is empty");
  if (path.size() > max_path_length) {
    return bad_path(path, fmt::format("is {} bytes long; {} are allowed", path.size(), max_path_length));
  }
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t length = utf8_sequence_length(path.substr(at));
    if (length == 0) return bad_path(path, fmt::format("is not UTF-8 at byte {}", at));
    if (is_control(path.substr(at, length))) {
      return bad_path(path, fmt::format("has a control character at byte {}", at));
    }
    at += length;
  }
  return check_segments(path);
}

}  // namespace seekfs::manifest
