// The files index/snapshot-N: the native index as it was at a checkpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/file.h"
#include "segmentstore/hash_shard.h"
#include "segmentstore/page_index.h"

namespace seekfs::segmentstore {

/// The stream: 0 magic, 8 format version, 16 store id, 24 number of segments; 40 bytes a segment (number, sealed, data
/// end, live bytes, live pages; 8 bytes each); then one group a shard: 8 bytes count, 16 bytes a slot; at the end the
/// magic again. Written to a temporary file, synced, then renamed over.
class SnapshotFiles {
 public:
  SnapshotFiles(env::FileSystem& files, std::string directory, std::uint64_t store_id)
      : files_(files), directory_(std::move(directory)), store_id_(store_id) {}

  static std::uint64_t file_size(std::uint64_t segments, std::uint64_t entries) noexcept;
  /// On disk now, bytes.
  std::uint64_t disk_bytes() const noexcept { return disk_bytes_; }

  /// `shard(i)` gives the slots of shard i, without empty ones. Older snapshots are removed when the new one is
  /// durable.
  Status write(const std::vector<SegmentSummary>& segments, std::size_t shards,
               const std::function<std::vector<IndexSlot>(std::size_t)>& shard);
  /// Gets the next slots of a group, and how many of the group are left with them.
  using Take = std::function<void(std::span<const IndexSlot> slots, std::uint64_t left)>;
  /// The newest one, group by group. `not_found`, or `corrupt` after which what was taken
  /// must be dropped. Temporary files and older snapshots are removed.
  Result<std::vector<SegmentSummary>> read(const Take& take);

 private:
  struct Found {
    std::vector<std::uint64_t> numbers;  ///< oldest first
  };
  std::string path_of(std::uint64_t number) const;
  Result<Found> find();
  Result<std::vector<SegmentSummary>> read_file(env::File& file, const Take& take);
  void measure(const std::string& path);

  env::FileSystem& files_;
  const std::string directory_;
  const std::uint64_t store_id_;
  std::uint64_t newest_ = 0;
  std::uint64_t disk_bytes_ = 0;
};

}  // namespace seekfs::segmentstore
