// Taking a file out of the kernel's page cache.
#pragma once

#include <string>

#include "base/error.h"
#include "env/file.h"

namespace seekfs::bench {

/// posix_fadvise(2) with POSIX_FADV_DONTNEED on the whole file; dirty pages stay, so sync before. Whether its first
/// page has gone: the kernel takes this as advice, and a tmpfs has nowhere else to keep it.
Result<bool> drop_from_page_cache(const std::string& path, env::FileSystem& files);

}  // namespace seekfs::bench
