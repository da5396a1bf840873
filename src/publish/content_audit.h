// Comparing the bytes of one file in the store with what the manifest says of them.
#pragma once

#include <cstdint>
#include <optional>

#include "manifest/model.h"
#include "objectstore/object_store.h"
#include "publish/verify.h"

namespace seekfs::publish {

/// Reads the whole file by one GET: the CRC32C of each page and, for sha256, the hash. Nothing when all is right.
Result<std::optional<Mismatch>> audit_file(objectstore::ObjectStore& store, const manifest::FileEntry& file);

/// Reads one page; `page_id` < file.pages.size().
Result<std::optional<Mismatch>> audit_page(objectstore::ObjectStore& store, const manifest::FileEntry& file,
                                           std::size_t page_id);

}  // namespace seekfs::publish
