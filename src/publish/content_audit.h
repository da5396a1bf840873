// Comparing the bytes of one file in the store with what the manifest says of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "async/task.h"
#include "manifest/model.h"
#include "publish/ranged_reader.h"
#include "publish/verify.h"

namespace seekfs::publish {

/// Called with the count of bytes that were just compared, on any thread, one call at a time for a file.
using AuditProgress = std::function<void(std::uint64_t bytes)>;

/// Reads the whole file: the CRC32C of each page and, for sha256, the hash. Nothing when all is right. All arguments
/// outlive it.
async::Task<std::optional<Mismatch>> audit_file(RangedReader& reader, const manifest::FileEntry& file,
                                                AuditProgress advanced);

/// Reads one page; `page_id` < file.pages.size(). All arguments outlive it.
async::Task<std::optional<Mismatch>> audit_page(RangedReader& reader, const manifest::FileEntry& file,
                                                std::size_t page_id);

}  // namespace seekfs::publish
