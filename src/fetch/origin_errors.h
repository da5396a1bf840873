// What an object store's error means to someone who reads a published file.
#pragma once

#include <string>

#include "base/error.h"
#include "fetch/page_request.h"

namespace seekfs::fetch {

/// How the store failed, in its own words: the same for every file whose bytes lie in the object.
struct StoreFailure {
  Error error;
  std::string found_etag;  ///< of the object that is there instead of the published one; empty: not known
};

/// Whether this answer of a store means that the object is not the one that was published: source_changed.
bool is_source_change(ErrorCode store_code) noexcept;

/// not_found, precondition_failed and invalid: source_changed, since the object is not the one that was published;
/// denied: origin_denied; transient: origin_unavailable; corrupt: origin_corrupt; throttled, timeout and exhausted
/// stay. The message names the file, the object and, where `found_etag` is known, both ETags.
Error origin_error(const StoreFailure& from_store, const PageSource& source);

}  // namespace seekfs::fetch
