// Comparing what the store says of a version's objects with what the manifest says: no bytes are read.
#pragma once

#include <vector>

#include "manifest/model.h"
#include "objectstore/object_store.h"
#include "publish/verify.h"

namespace seekfs::publish {

/// One mismatch at most for each file. Asks for objects by LIST in the order of their keys, skipping what lies between;
/// for those whose version id the manifest names by HEAD of that version, many at once, since a list tells of the
/// newest only. Blocks.
Result<std::vector<Mismatch>> audit_objects(objectstore::ObjectStore& store,
                                            const std::vector<manifest::FileEntry>& files);

/// That there is no such object.
Mismatch missing_object(const manifest::FileEntry& file);

}  // namespace seekfs::publish
