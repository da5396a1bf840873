// The table of endpoints.
#include "http/route.h"

#include <array>
#include <utility>

namespace seekfs::http {
namespace {

constexpr std::array<std::pair<std::string_view, Route>, 16> fixed_paths = {{
    {"/blob", Route::blob},
    {"/readv", Route::readv},
    {"/files", Route::files},
    {"/namespaces", Route::namespaces},
    {"/hints", Route::hints},
    {"/cache", Route::cache},
    {"/cache/files", Route::cache_files},
    {"/cache/drop", Route::cache_drop},
    {"/cache/check", Route::cache_check},
    {"/cache/compact", Route::cache_compact},
    {"/healthz", Route::healthz},
    {"/readyz", Route::readyz},
    {"/metrics", Route::metrics},
    {"/version", Route::version},
    {"/test_head", Route::test_head},
    {"/test_stream", Route::test_stream},
}};

bool is_post(Route route) noexcept {
  return route == Route::readv || route == Route::hints || route == Route::cache_drop || route == Route::cache_check ||
         route == Route::cache_compact;
}

bool is_dev(Route route) noexcept { return route == Route::test_head || route == Route::test_stream; }

}  // namespace

std::string_view to_string(Route route) noexcept {
  switch (route) {
    case Route::blob: return "blob";
    case Route::ns_path: return "ns";
    case Route::readv: return "readv";
    case Route::namespaces: return "namespaces";
    case Route::one_namespace: return "namespace";
    case Route::files: return "files";
    case Route::hints: return "hints";
    case Route::one_hint: return "hint";
    case Route::cache: return "cache";
    case Route::cache_files: return "cache_files";
    case Route::cache_drop: return "cache_drop";
    case Route::cache_check: return "cache_check";
    case Route::cache_compact: return "cache_compact";
    case Route::healthz: return "healthz";
    case Route::readyz: return "readyz";
    case Route::metrics: return "metrics";
    case Route::version: return "version";
    case Route::test_head: return "test_head";
    case Route::test_stream: return "test_stream";
    case Route::none: break;
  }
  return "none";
}

RouteMatch match_route(std::string_view path, bool dev_endpoints) noexcept {
  constexpr std::string_view version_prefix = "/v1";
  constexpr std::string_view ns_prefix = "/ns/";
  constexpr std::string_view namespace_prefix = "/namespaces/";
  constexpr std::string_view hint_prefix = "/hints/";
  if (path.starts_with(version_prefix) && path.substr(version_prefix.size()).starts_with('/')) {
    path.remove_prefix(version_prefix.size());
  }
  for (const auto& [text, route] : fixed_paths) {
    if (path == text) return dev_endpoints || !is_dev(route) ? RouteMatch{route, {}} : RouteMatch{};
  }
  if (path.starts_with(ns_prefix)) return {Route::ns_path, path.substr(ns_prefix.size())};
  if (path.starts_with(namespace_prefix)) return {Route::one_namespace, path.substr(namespace_prefix.size())};
  if (path.starts_with(hint_prefix)) return {Route::one_hint, path.substr(hint_prefix.size())};
  return {};
}

bool method_allowed(Route route, Method method) noexcept {
  if (is_post(route)) return method == Method::post;
  if (route == Route::one_hint && method == Method::del) return true;
  return method == Method::get || method == Method::head;
}

std::string_view allowed_methods(Route route) noexcept {
  if (route == Route::one_hint) return "GET, HEAD, DELETE";
  return is_post(route) ? "POST" : "GET, HEAD";
}

}  // namespace seekfs::http
