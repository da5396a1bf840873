// The forms of SeekFS's own keys, as manifest/layout.h builds them.
#include "publish/own_keys.h"

#include <algorithm>

#include "manifest/layout.h"
#include "manifest/path.h"

namespace seekfs::publish {
namespace {

bool is_hash_hex(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// `rest` is what follows namespaces/{ns}/objects/.
bool is_object_form(std::string_view rest) {
  return rest.size() == 67 && rest[2] == '/' && is_hash_hex(rest.substr(3)) && rest.substr(0, 2) == rest.substr(3, 2);
}

/// `rest` is what follows namespaces/{ns}/files/.
bool is_file_form(std::string_view rest) {
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  const std::string_view last = rest.substr(slash + 1);
  return last.starts_with("v-") && is_hash_hex(last.substr(2));
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

bool is_content_key(std::string_view ns, std::string_view key) {
  std::string_view rest = key;
  if (take_prefix(rest, manifest::objects_prefix(ns))) return is_object_form(rest);
  if (take_prefix(rest, manifest::files_prefix(ns))) return is_file_form(rest);
  return false;
}

bool is_own_key(std::string_view key) {
  if (key.starts_with(".seekfs/")) return true;
  std::string_view rest = key;
  if (!take_prefix(rest, manifest::namespaces_prefix)) return false;
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view ns = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  if (!manifest::check_namespace(ns)) return false;
  return rest == "HEAD" || rest.starts_with("manifests/") || rest.starts_with("objects/") ||
         rest.starts_with(".seekfs/") || is_content_key(ns, key);
}

}  // namespace seekfs::publish
