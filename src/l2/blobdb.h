// The L2 `blobdb`: pages as RocksDB's blob files, the alternative to the segmentstore.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "env/file.h"
#include "l2/l2.h"
#include "l2/l2_admin.h"

namespace seekfs::l2 {

struct BlobDbOptions {
  std::string path;                        ///< the pages are in `path`/blobdb; what else is there is left alone
  std::uint64_t capacity = 0;              ///< bytes that pages and RocksDB's own files may take
  std::size_t read_threads = 4;            ///< RocksDB's reads wait for the disk
  std::uint64_t queue_bytes = 64U << 20U;  ///< pages that wait to be written; more are dropped
  static constexpr std::uint64_t min_capacity = 1U << 20U;
};

/// All outlive the tier. RocksDB reads and writes its own files; `files` makes and removes the folder.
struct BlobDbParts {
  env::FileSystem& files;
  Logger& log;
};

/// Pages are numbered as they arrive, and those with the lowest numbers leave first, also after a restart. A sixteenth
/// of the capacity leaves at once: then RocksDB merges its small table files, and the blob files in which nothing is
/// left go as a whole, so no page is ever copied. What was evicted and still lies on disk counts as used.
///
/// About 200 bytes of RAM a page, which suits large ones. Pages of the last 64 MiB are lost when the process is killed.
/// Where RocksDB fails there are misses, one line in the log, and disks() says so; what it finds damaged at a start is
/// removed, and after damage that stops it from writing the next start begins empty.
class BlobDb : public L2, public L2Admin {
 public:
  /// Writes what was offered, then closes. No get() may be under way.
  ~BlobDb() override = default;
  /// Returns when all that was offered before is written or dropped: for tests and benchmarks.
  virtual void flush() = 0;
};

/// Errors: `conflict` (another process has the folder open), `denied`, `invalid` (a capacity below min_capacity),
/// `exhausted`, `transient`.
Result<std::unique_ptr<BlobDb>> open_blobdb(BlobDbParts parts, BlobDbOptions options);

}  // namespace seekfs::l2
