// The table from store errors to read errors.
#include "fetch/origin_errors.h"

#include <fmt/format.h>

namespace seekfs::fetch {
namespace {

ErrorCode read_code(ErrorCode store_code) noexcept {
  switch (store_code) {
    case ErrorCode::not_found:
    case ErrorCode::precondition_failed:
    case ErrorCode::invalid: return ErrorCode::source_changed;
    case ErrorCode::denied: return ErrorCode::origin_denied;
    case ErrorCode::transient: return ErrorCode::origin_unavailable;
    case ErrorCode::corrupt: return ErrorCode::origin_corrupt;
    default: return store_code;
  }
}

}  // namespace

bool is_source_change(ErrorCode store_code) noexcept { return read_code(store_code) == ErrorCode::source_changed; }

Error origin_error(const StoreFailure& from_store, const PageSource& source) {
  const auto& [cause, found_etag] = from_store;
  Error error(read_code(cause.code), "", cause.where);
  error.retry_after = cause.retry_after;
  if (error.code == ErrorCode::source_changed) {
    error.message = fmt::format("{}/{}: the object {} is not the one that was published: expected ETag {}, found {}",
                                source.ns, source.path, source.object.key, source.object.if_match.value_or("(none)"),
                                found_etag.empty() ? cause.message : found_etag);
  } else {
    error.message =
        fmt::format("{}/{}: reading object {}: {}", source.ns, source.path, source.object.key, cause.message);
  }
  return error;
}

}  // namespace seekfs::fetch
