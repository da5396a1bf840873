// A page of keys from a tree of directories, in byte order, without walking more of the tree than it needs.
#pragma once

#include <string>

#include "env/clock.h"
#include "env/file.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// One page of the objects below `root`. Blocks.
Result<ListReply> list_fs_objects(env::Directory& root, const ListRequest& request, const RequestOptions& options,
                                  const env::Clock& clock);

}  // namespace seekfs::objectstore
