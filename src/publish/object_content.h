// Reading an object of the store to know its hash.
#pragma once

#include <cstdint>
#include <functional>

#include "async/task.h"
#include "objectstore/object_store.h"
#include "publish/content_hasher.h"
#include "publish/ranged_reader.h"
#include "publish/source_scan.h"

namespace seekfs::publish {

struct HashedObject {
  HashedContent content;
  objectstore::ObjectInfo info;  ///< of the state that was read
};

/// Reads the object in the state in which it was listed; source_changed, with its key, when it is in another by now or
/// comes to be in the middle. `advanced` is called with the count of bytes that were just hashed, on any thread, one
/// call at a time. All arguments outlive it.
async::Task<HashedObject> hash_object(RangedReader& reader, const SourceFile& source, std::uint32_t page_size,
                                      std::function<void(std::uint64_t)> advanced);

}  // namespace seekfs::publish
