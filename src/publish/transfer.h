// From source files to manifest entries: hashing what may have changed, uploading what the store lacks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "publish/hash_cache.h"
#include "publish/object_placer.h"
#include "publish/publisher.h"
#include "publish/ranged_reader.h"
#include "publish/snapshot.h"
#include "publish/source_scan.h"

namespace seekfs::publish {

struct TransferCounts {
  std::uint64_t hashed_files = 0;
  std::uint64_t hashed_bytes = 0;
  std::uint64_t uploaded_objects = 0;
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t reused_files = 0;
  std::uint64_t reused_bytes = 0;
};

/// Places the content of one publish. All arguments outlive it; `cache` may be null. run() is called by one thread,
/// which waits while the pool's work; what is adopted it reads through coroutines of its own.
class Transfer {
 public:
  Transfer(const Parts& parts, const PublishRequest& request, HashCache* cache, ObjectPlacer& placer,
           PublishObserver& observer);

  /// The entries of `files`, in their order, on top of `parent`. In a dry run nothing is put, and entries of content
  /// that would be have no ETag.
  Result<std::vector<manifest::FileEntry>> run(const std::vector<SourceFile>& files, const Snapshot& parent);
  TransferCounts counts() const;

 private:
  /// An entry, and whether its storage is still to be had from the placer.
  struct Placed {
    manifest::FileEntry entry;
    bool from_placer = false;
  };
  Status place_all_local(const std::vector<SourceFile>& files, const Snapshot& parent, std::vector<Placed>& placed);
  Status place_all_adopted(const std::vector<SourceFile>& files, const Snapshot& parent, std::vector<Placed>& placed);
  Result<Placed> place_local(const SourceFile& file, const Snapshot& parent);
  async::Task<Placed> place_adopted(RangedReader& reader, const SourceFile& file, const Snapshot& parent);
  Result<HashedContent> hash(const SourceFile& file, std::uint32_t page_size);
  Result<HashedContent> read_and_remember(const SourceFile& file, std::uint32_t page_size);
  /// Whether the store still holds what a version says, where the request wants to know; else true.
  Result<bool> is_intact(const manifest::FileEntry& held);
  std::string object_key_of(const SourceFile& file, const Sha256Digest& hash) const;
  void count_hashed(std::uint64_t bytes);
  void count_placed(std::uint64_t bytes, bool uploaded);
  void advance(std::uint64_t bytes);
  void finish_file();

  const Parts& parts_;
  const PublishRequest& request_;
  HashCache* const cache_;
  ObjectPlacer& placer_;
  PublishObserver& observer_;

  mutable Mutex mutex_;
  TransferCounts counts_ SEEKFS_GUARDED_BY(mutex_);
  PublishProgress progress_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::publish
