// Finding the records of a segment that has no footer: it was being written when its program ended.
#pragma once

#include <cstdint>
#include <vector>

#include "env/file.h"
#include "segmentstore/footer.h"

namespace seekfs::segmentstore {

struct WalkedRecord {
  FooterEntry entry;
  std::uint32_t payload_crc32c = 0;
};

/// The records of exactly this segment, by offset. Goes from header to header; where there is none, as after a write
/// that a power loss swallowed, it looks for the next one in the 128 MiB that follow.
/// The payloads of the last 512 MiB, which is more than may be unsynced, are read, and records whose payload is not
/// theirs are left out.
Result<std::vector<WalkedRecord>> walk_records(env::File& file, std::uint64_t file_size, SegmentIdentity identity);

}  // namespace seekfs::segmentstore
