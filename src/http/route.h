// Endpoints: which path is which, and which methods each takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request.h"

namespace seekfs::http {

enum class Route : std::uint8_t {
  blob,
  ns_path,
  readv,
  namespaces,
  one_namespace,
  files,
  hints,
  one_hint,
  cache,
  cache_files,
  cache_drop,
  cache_check,
  cache_compact,
  healthz,
  readyz,
  metrics,
  version,
  test_head,
  test_stream,
  none  ///< no such endpoint, or a request that was refused before its target was read
};
inline constexpr std::size_t route_count = static_cast<std::size_t>(Route::none) + 1;

/// The label of metrics and logs.
std::string_view to_string(Route route) noexcept;

struct RouteMatch {
  Route route = Route::none;
  std::string_view rest;  ///< what follows "/ns/", "/namespaces/" and "/hints/", still encoded
};

/// `path` begins with '/'; a leading "/v1" is ignored. With `dev_endpoints` unset the developer's helpers do not exist.
RouteMatch match_route(std::string_view path, bool dev_endpoints) noexcept;

/// HEAD is allowed where GET is.
bool method_allowed(Route route, Method method) noexcept;
/// The value of an Allow field.
std::string_view allowed_methods(Route route) noexcept;

}  // namespace seekfs::http
