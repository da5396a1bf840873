// The writer's side of a store: appends, segments that follow each other, checkpoints.
#include <fmt/format.h>

#include <algorithm>

#include "segmentstore/disk_store.h"

namespace seekfs::segmentstore {
namespace {

/// One write covers at most about this much; a crash tears one write at most.
constexpr std::uint64_t group_bytes = 8U << 20U;
constexpr int most_taken_numbers = 1000;

}  // namespace

Status DiskStore::check_open() const {
  return closed_ ? Status(fail(ErrorCode::invalid, options_.path + " is closed")) : Status();
}

Status DiskStore::check_not_cancelled() const {
  if (!cancelled_.load(std::memory_order_relaxed)) return {};
  return fail(ErrorCode::cancelled, options_.path + " is being closed");
}

bool DiskStore::storable(const NewPage& page) const {
  return page.key.len > 0 && page.key.len <= max_payload_size && page.page.size() == page.key.len &&
         SegmentWriter::fits_empty(segment_size_, page.key.len);
}

Status DiskStore::append(std::span<const NewPage> pages) {
  SEEKFS_TRY(check_open());
  for (const NewPage& page : pages) {
    if (!storable(page) || index_->find(fingerprint(page.key))) continue;
    SEEKFS_TRY(queue(page));
    counts_.put_bytes.fetch_add(page.key.len, std::memory_order_relaxed);
    if (writer_->queued_bytes() >= group_bytes) SEEKFS_TRY(flush());
  }
  return flush();
}

/// Into the segment that is being written, or the next one.
Status DiskStore::queue(const NewPage& page) {
  const std::span<const std::byte> payload = page.page.bytes();
  if (writer_ && writer_->add(page.key, page.crc32c, page.tenant, payload)) return {};
  SEEKFS_TRY(flush());
  SEEKFS_TRY(finish_eviction_before_roll());
  // What was carried over may have gone there.
  if (writer_ && writer_->add(page.key, page.crc32c, page.tenant, payload)) return {};
  SEEKFS_TRY(roll());
  if (writer_->add(page.key, page.crc32c, page.tenant, payload)) return {};
  return fail(ErrorCode::too_large, fmt::format("{}: a page of {} bytes does not fit a segment of {}", options_.path,
                                                payload.size(), segment_size_));
}

/// A segment whose write failed is given up.
Result<std::vector<SegmentWriter::Written>> DiskStore::write_queued(Writer& writer) {
  const std::uint64_t bytes = writer->queued_bytes();
  auto written = writer->flush();
  if (!written) {
    writer->abandon();
    writer.reset();
    return std::unexpected(written.error());
  }
  counts_.written_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return written;
}

/// Data first, then the index: an entry never points to bytes that were not written.
Status DiskStore::flush() {
  if (!writer_ || writer_->queued_bytes() == 0) return {};
  const std::uint64_t bytes = writer_->queued_bytes();
  SEEKFS_ASSIGN(const auto written, write_queued(writer_));
  Segment& segment = *writer_->segment();
  for (const auto& [entry, tenant] : written) {
    SEEKFS_ASSIGN(const auto before, index_->insert(entry.fingerprint, {segment.number(), entry.offset}));
    if (before) {
      if (const SegmentRef old = table_.find(before->segment)) old->remove_live(entry.length, tenant);
    }
    segment.add_live(entry.length, tenant);
  }
  // As much is carried over as was taken in, so that a segment is free by the time its room is needed.
  SEEKFS_TRY(drain_some(drain_ ? drain_->pace * bytes : bytes));
  return {};
}

/// Ends the segment that is being written and begins the next one.
Status DiskStore::roll() {
  seal_or_warn(writer_);
  SEEKFS_TRY(directory_->check_still_ours());
  SEEKFS_TRY(measure_other());
  SEEKFS_TRY(make_room(segment_size_));
  SEEKFS_TRY(begin_segment(writer_));
  return start_eviction_ahead();
}

Status DiskStore::begin_segment(Writer& writer) {
  SEEKFS_ASSIGN(SegmentRef segment, create_segment());
  table_.add(segment);
  unsynced_.push_back(segment);
  directory_changed_ = true;
  writer.emplace(std::move(segment), segment_size_);
  return {};
}

/// Its space is there before it is written. What the file system takes beyond the size is known only afterwards.
Result<SegmentRef> DiskStore::create_segment() {
  const env::OpenMode mode{.write = true, .create = true, .exclusive = true, .permissions = 0600};
  for (int attempt = 0; attempt < most_taken_numbers && last_number_ < max_segment_number; ++attempt) {
    const std::string path = directory_->segment_path(++last_number_);
    auto file = parts_.files.open(path, mode);
    if (!file && file.error().code == ErrorCode::precondition_failed) continue;
    if (!file) return std::unexpected(file.error());
    const Status allocated = (*file)->allocate(0, segment_size_);
    const auto info = (*file)->info();
    // Some file systems reserve without counting: the size is the least that it will come to.
    const std::uint64_t bytes = info ? std::max(info->allocated, segment_size_) : segment_size_;
    if (allocated && info && committed_bytes() + bytes <= options_.capacity) {
      return std::make_shared<Segment>(SegmentIdentity{directory_->store_id(), last_number_}, path, std::move(*file),
                                       bytes, use_);
    }
    SEEKFS_TRY(parts_.files.remove_file(path));
    if (!info) return std::unexpected(info.error());
    file->reset();
    if (allocated) {
      SEEKFS_TRY(make_room(bytes));
      continue;
    }
    // A quota, or somebody who was quicker: what the cache has itself is given up first.
    if (allocated.error().code != ErrorCode::exhausted) return std::unexpected(allocated.error());
    SEEKFS_ASSIGN(const Eviction eviction, evict_oldest());
    if (eviction == Eviction::impossible) return std::unexpected(allocated.error());
  }
  return fail(ErrorCode::exhausted,
              fmt::format("{}: there is no free name for a segment; remove the files data-*.seg", options_.path));
}

Status DiskStore::seal(Writer& writer) {
  if (!writer) return {};
  const SegmentRef segment = writer->segment();
  const Status sealed = writer->seal();
  writer.reset();
  if (sealed) {
    SEEKFS_ASSIGN(const env::FileInfo info, segment->file().info());
    counts_.written_bytes.fetch_add(info.size - segment->data_end(), std::memory_order_relaxed);
  }
  return sealed;
}

/// For want of a footer the next start takes longer, and that is all: no page waits for it.
void DiskStore::seal_or_warn(Writer& writer) {
  if (const Status sealed = seal(writer); !sealed) {
    parts_.log.warning("a segment could not be sealed",
                       {{"directory", options_.path}, {"error", sealed.error().message}});
  }
}

void DiskStore::give_up_writing() noexcept {
  drain_.reset();
  for (Writer* writer : {&writer_, &keeper_}) {
    if (*writer) (*writer)->abandon();
    writer->reset();
  }
}

/// What failed to sync is not tried again: the kernel may have dropped it, and a read will tell. The segments that are
/// being written may be among those, so they are given up.
Status DiskStore::sync_all() {
  Status result;
  for (const SegmentRef& segment : std::exchange(unsynced_, {})) {
    if (Status synced = segment->file().sync_data(); !synced) result = synced;
  }
  if (!result) {
    give_up_writing();
    return result;
  }
  carried_unsynced_ = false;
  for (const Writer* writer : {&writer_, &keeper_}) {
    if (*writer) unsynced_.push_back((*writer)->segment());
  }
  if (!std::exchange(directory_changed_, false)) return {};
  return parts_.files.sync_directory(options_.path);
}

std::vector<SegmentSummary> DiskStore::summaries() const {
  std::vector<SegmentSummary> all;
  for (const SegmentRef& segment : table_.all()) {
    all.push_back(
        {segment->number(), segment->sealed(), segment->data_end(), segment->live_bytes(), segment->live_pages()});
  }
  return all;
}

Status DiskStore::save_index() {
  SEEKFS_TRY(make_room(0));
  const Status saved = index_->save(summaries());
  if (saved) {
    const std::uint64_t size = index_->disk_bytes_at_save() / 2;
    counts_.written_bytes.fetch_add(size, std::memory_order_relaxed);
  }
  SEEKFS_ASSIGN(const std::uint64_t bytes, directory_->index_bytes());
  counts_.index_bytes = bytes;
  return saved;
}

/// The data is on disk before an index that points to it is.
Status DiskStore::checkpoint() {
  SEEKFS_TRY(check_open());
  SEEKFS_TRY(directory_->check_still_ours());
  SEEKFS_TRY(sync_all());
  SEEKFS_TRY(make_room(0));
  return index_->wants_save() ? save_index() : Status();
}

Status DiskStore::close() {
  if (std::exchange(closed_, true)) return {};
  drain_.reset();
  // Each step is worth something without the one before.
  const Status sealed = seal_active();
  const Status kept = seal(keeper_);
  const Status synced = sync_all();
  const Status saved = save_index();
  SEEKFS_TRY(sealed);
  SEEKFS_TRY(kept);
  SEEKFS_TRY(synced);
  return saved;
}

}  // namespace seekfs::segmentstore
