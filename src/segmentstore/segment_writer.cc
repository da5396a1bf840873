// Group commit of records, and footers.
#include "segmentstore/segment_writer.h"

#include <array>

namespace seekfs::segmentstore {
namespace {

constexpr std::array<std::byte, block_size> zeros{};

}  // namespace

bool SegmentWriter::add(const manifest::PageKey& key, std::uint32_t crc32c, TenantId tenant,
                        std::span<const std::byte> payload) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  const std::uint64_t offset = next_record(queued_end_, length);
  const std::uint64_t end = record_end(offset, length);
  if (footer_begin(end) + footer_size(entries_.size() + queued_.size() + 1) > size_) return false;
  const RecordHeader header{key, crc32c, segment_->identity().store_id, {segment_->number(), offset}, tenant};
  queued_.push_back({encode(header), {{fingerprint(key), offset, length}, tenant}, payload});
  queued_end_ = end;
  return true;
}

Result<std::vector<SegmentWriter::Written>> SegmentWriter::flush() {
  const std::uint64_t begin = segment_->data_end();
  std::vector<std::span<const std::byte>> pieces;
  pieces.reserve(3 * queued_.size());
  std::uint64_t end = begin;
  std::vector<Written> written;
  written.reserve(queued_.size());
  for (const Queued& one : queued_) {
    const FooterEntry& entry = one.record.entry;
    if (entry.offset > end) pieces.push_back(std::span(zeros).first(entry.offset - end));
    pieces.push_back(one.header);
    pieces.push_back(one.payload);
    end = record_end(entry.offset, entry.length);
    written.push_back(one.record);
  }
  const Status status = segment_->file().write_gather_at(begin, pieces);
  queued_.clear();
  if (!status) {
    queued_end_ = begin;
    return std::unexpected(status.error());
  }
  segment_->set_data_end(end);
  for (const Written& one : written) entries_.push_back(one.entry);
  return written;
}

Status SegmentWriter::seal() {
  const std::uint64_t data_end = segment_->data_end();
  const std::uint64_t begin = footer_begin(data_end);
  const std::vector<std::byte> footer = encode_footer(segment_->identity(), data_end, entries_);
  segment_->seal(data_end);
  SEEKFS_TRY(segment_->file().write_at(begin, footer));
  SEEKFS_TRY(segment_->file().truncate(begin + footer.size()));
  SEEKFS_ASSIGN(const env::FileInfo info, segment_->file().info());
  segment_->set_allocated(info.allocated);
  return {};
}

}  // namespace seekfs::segmentstore
