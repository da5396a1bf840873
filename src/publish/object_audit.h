// Comparing what LIST says of a version's objects with what the manifest says: no bytes are read.
#pragma once

#include <vector>

#include "manifest/model.h"
#include "objectstore/object_store.h"
#include "publish/verify.h"

namespace seekfs::publish {

/// One mismatch at most for each file. Asks for objects by LIST in the order of their keys, skipping what lies between,
/// and by HEAD where the manifest names a version id that is not the newest.
Result<std::vector<Mismatch>> audit_objects(objectstore::ObjectStore& store,
                                            const std::vector<manifest::FileEntry>& files);

}  // namespace seekfs::publish
