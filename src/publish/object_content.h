// Reading an object of the store to know its hash.
#pragma once

#include "objectstore/object_store.h"
#include "publish/content_hasher.h"
#include "publish/source_scan.h"

namespace seekfs::publish {

struct HashedObject {
  HashedContent content;
  objectstore::ObjectInfo info;  ///< of the state that was read
};

/// GETs the object in the state in which it was listed; source_changed when it is in another by now.
Result<HashedObject> hash_object(objectstore::ObjectStore& store, const SourceFile& source, std::uint32_t page_size);

}  // namespace seekfs::publish
