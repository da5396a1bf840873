// Whose pages a segment of an earlier run holds, by a few of its records.
#pragma once

#include <vector>

#include "base/error.h"
#include "segmentstore/segment.h"

namespace seekfs::segmentstore {

/// Reads the headers of up to eight records spread over a sealed segment, and sums their bytes; the unknown tenant is
/// one of them. `corrupt` when the segment does not end in its footer; other Errors are the disk's.
Result<std::vector<TenantBytes>> sample_tenants(const Segment& segment);

}  // namespace seekfs::segmentstore
