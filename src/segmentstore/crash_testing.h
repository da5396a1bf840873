// One crash of a store by seed: a short random life on a simulated disk that ends at a random operation, and what is
// found afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "segmentstore/segment_store.h"

namespace seekfs::segmentstore {

/// What lives may be short of and full of; made once and shared by all seeds.
struct CrashPages {
  std::vector<NewPage> small;  ///< for segments of 64 KiB, packed
  std::vector<NewPage> large;  ///< for segments of 256 KiB; some of 64 KiB and more, which lie on blocks
};
const CrashPages& crash_pages();

/// Counts over seeds, to see that a run tested something.
struct CrashCounts {
  std::uint64_t crashes = 0;        ///< lives that ended inside an operation
  std::uint64_t hits = 0;           ///< after the crash
  std::uint64_t misses = 0;         ///< of pages that were appended once
  std::uint64_t must_hits = 0;      ///< pages that had to be found
  std::uint64_t lost = 0;           ///< appended, not yet durable, and gone
  std::uint64_t corrupt = 0;        ///< found by the store, refused by the CRC
  std::uint64_t evicted = 0;        ///< pages, before the crash
  std::uint64_t crashed_opens = 0;  ///< recoveries that were cut off and began anew
  std::uint64_t outcome = 0;        ///< a hash of everything that was seen
};

/// Runs the seed; what is wrong is a test failure that names it. Adds to `counts`.
void run_crash_seed(std::uint64_t seed, CrashCounts& counts);
/// All seeds of [first, first + count).
CrashCounts run_crash_seeds(std::uint64_t first, std::uint64_t count);

}  // namespace seekfs::segmentstore
