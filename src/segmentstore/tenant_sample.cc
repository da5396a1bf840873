// Records at even distances, by way of the footer.
#include "segmentstore/tenant_sample.h"

#include <algorithm>

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t most_samples = 8;

}  // namespace

Result<std::vector<TenantBytes>> sample_tenants(const Segment& segment) {
  SEEKFS_ASSIGN(const env::FileInfo info, segment.file().info());
  SEEKFS_ASSIGN(const Trailer trailer, read_trailer(segment.file(), info.size, segment.identity()));
  const std::uint64_t samples = std::min(most_samples, trailer.entries);
  std::vector<TenantBytes> sums;
  for (std::uint64_t i = 0; i < samples; ++i) {
    const std::uint64_t index = (2 * i + 1) * trailer.entries / (2 * samples);
    SEEKFS_ASSIGN(const FooterEntry entry, read_footer_entry(segment.file(), trailer, index));
    HeaderBytes bytes;
    SEEKFS_ASSIGN(const bool whole, read_record(segment.file(), entry.offset, bytes, {}));
    const auto header = decode_in_place(bytes, segment.identity(), entry.offset);
    // A damaged record says nothing of the others.
    if (whole && header) add_bytes(sums, {header->tenant, record_header_size + header->key.len});
  }
  return sums;
}

}  // namespace seekfs::segmentstore
