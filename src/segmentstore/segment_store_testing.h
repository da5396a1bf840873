// Pages whose bytes follow from their key, and a store on a simulated disk.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/page.h"
#include "env/file.h"
#include "env/random.h"
#include "env/simulated_disk_testing.h"
#include "segmentstore/segment_store.h"

namespace seekfs::segmentstore {

/// Page `number` of the test's data: any length from 1 on.
manifest::PageKey test_key(std::uint32_t number, std::uint32_t length);
PageRef test_bytes(const manifest::PageKey& key);
std::uint32_t test_crc(const manifest::PageKey& key);
NewPage test_page(const manifest::PageKey& key);

/// Appends one page.
Status put(SegmentStore& store, const manifest::PageKey& key);
/// Whether it is a hit, as the reader sees it: bytes that fail the CRC32C count as a miss and are removed. A hit with
/// other bytes than the page's own fails the test.
bool hit(SegmentStore& store, const manifest::PageKey& key);

/// 1 MiB in segments of 64 KiB, unless told otherwise.
StoreOptions small_store(std::uint64_t capacity = 1U << 20U);
/// Opens it or fails the test.
std::unique_ptr<SegmentStore> open_store(env::FileSystem& files, const StoreOptions& options = small_store());

}  // namespace seekfs::segmentstore
