// From a route to its handler.
#include "http/handlers.h"

#include <fmt/format.h>

namespace seekfs::http {
namespace {

Status check_route(Exchange& exchange) {
  if (exchange.route == Route::none) {
    return fail(ErrorCode::not_found, "there is no such endpoint; docs/SPEC.md lists them");
  }
  if (!method_allowed(exchange.route, exchange.head.method)) {
    exchange.note.allow = allowed_methods(exchange.route);
    return fail(ErrorCode::method_not_allowed, fmt::format("{} is not allowed here; use {}", exchange.head.method_text,
                                                           allowed_methods(exchange.route)));
  }
  return {};
}

}  // namespace

std::optional<Status> try_handle(Exchange& exchange) {
  if (Status checked = check_route(exchange); !checked) return checked;
  switch (exchange.route) {
    case Route::blob:
    case Route::ns_path: return try_blob(exchange);
    case Route::one_hint: return one_hint(exchange);
    case Route::cache: return cache(exchange);
    case Route::healthz: return healthz(exchange);
    case Route::readyz: return readyz(exchange);
    case Route::metrics: return metrics(exchange);
    case Route::version: return version(exchange);
    default: return std::nullopt;
  }
}

async::Task<void> handle(Exchange& exchange) {
  switch (exchange.route) {
    case Route::blob:
    case Route::ns_path: return blob(exchange);
    case Route::readv: return readv(exchange);
    case Route::namespaces: return namespaces(exchange);
    case Route::one_namespace: return one_namespace(exchange);
    case Route::files: return files(exchange);
    case Route::hints: return hints(exchange);
    case Route::cache_files: return cache_files(exchange);
    case Route::cache_drop: return cache_drop(exchange);
    case Route::cache_check: return cache_check(exchange);
    case Route::cache_compact: return cache_compact(exchange);
    case Route::test_head: return test_head(exchange);
    case Route::test_stream: return test_stream(exchange);
    default: break;
  }
  return [](Status done) -> async::Task<void> { co_return done; }(*try_handle(exchange));
}

}  // namespace seekfs::http
