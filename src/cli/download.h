// A published file as a local file: whole and verified, or not there.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/data_source.h"
#include "env/file.h"
#include "env/random.h"

namespace seekfs::cli {

/// Called with the count of bytes that just arrived.
using DownloadProgress = std::function<void(std::uint64_t bytes)>;

/// Writes the file to a temporary one beside `target` and renames it there once its length and SHA-256 are those of the
/// manifest; the target is replaced. On an error the temporary file is removed. Errors: those of DataSource::read;
/// hash_mismatch; `internal` for local files that cannot be written.
Result<FileFacts> download(DataSource& source, const FileName& file, env::FileSystem& files, env::Random& random,
                           const std::string& target, const DownloadProgress& progress = {});

}  // namespace seekfs::cli
