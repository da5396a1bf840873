// Opening, reading, removing and looking into a store.
#include "segmentstore/disk_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.h"
#include "segmentstore/recovery.h"

namespace seekfs::segmentstore {
namespace {

/// So that a store always has several segments to choose from when it evicts.
constexpr std::uint64_t least_segments = 16;

std::uint64_t segment_size_of(const StoreOptions& options) {
  const std::uint64_t size = std::min({options.segment_size, options.capacity / least_segments, max_segment_size});
  return size / block_size * block_size;
}

Result<std::unique_ptr<PageIndex>> make_index(const StoreParts& parts, const StoreDirectory& directory,
                                              IndexKind kind) {
  if (kind == IndexKind::native) {
    return make_native_index(parts.files, directory.index_path(), directory.store_id());
  }
  return make_rocksdb_index(parts.files, directory.index_path(), directory.store_id(), parts.log);
}

}  // namespace

Result<std::unique_ptr<SegmentStore>> SegmentStore::open(StoreParts parts, StoreOptions options) {
  if (options.capacity < min_capacity || options.segment_size < block_size) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: a capacity of {} with segments of {} is too small; a page cache takes at least {}",
                            options.path, format_size(options.capacity), format_size(options.segment_size),
                            format_size(min_capacity)));
  }
  SEEKFS_ASSIGN(auto directory, StoreDirectory::open(parts.files, parts.random, parts.log, options.path));
  SEEKFS_ASSIGN(auto index, make_index(parts, *directory, options.index));
  auto store = std::make_unique<DiskStore>(parts, std::move(options), std::move(directory), std::move(index));
  SEEKFS_TRY(store->start());
  return store;
}

DiskStore::DiskStore(StoreParts parts, StoreOptions options, std::unique_ptr<StoreDirectory> directory,
                     std::unique_ptr<PageIndex> index)
    : parts_(parts),
      options_(std::move(options)),
      segment_size_(segment_size_of(options_)),
      directory_(std::move(directory)),
      index_(std::move(index)) {}

Status DiskStore::start() {
  SEEKFS_ASSIGN(last_number_, recover({*directory_, *index_, table_, use_, unsynced_, parts_.log}));
  SEEKFS_TRY(measure_other());
  return make_room(0);
}

std::optional<DiskStore::Found> DiskStore::find(const manifest::PageKey& key) const {
  const Fingerprint print = fingerprint(key);
  return follow(print, index_->find(print));
}

std::optional<DiskStore::Found> DiskStore::follow(Fingerprint print, std::optional<Location> location) const {
  if (!location) return std::nullopt;
  SegmentRef segment = table_.find(location->segment);
  // Freed since the index was asked: its entries are gone by now.
  if (!segment) return std::nullopt;
  return Found{std::move(segment), {print, *location}};
}

bool DiskStore::may_contain(const manifest::PageKey& key) const { return index_->may_contain(fingerprint(key)); }

bool DiskStore::is_record_of(const Found& found, const HeaderBytes& bytes, const manifest::PageKey& key,
                             std::uint32_t crc32c) const {
  const auto header = decode_in_place(bytes, found.segment->identity(), found.entry.location.offset);
  return header && header->key == key && header->payload_crc32c == crc32c;
}

void DiskStore::forget_damaged(const Found& found, std::uint32_t length) {
  if (!index_->erase(found.entry.fingerprint, found.entry.location)) return;
  if (found.segment) found.segment->remove_live(length);
  counts_.damaged_pages.fetch_add(1, std::memory_order_relaxed);
}

Result<bool> DiskStore::read(const manifest::PageKey& key, std::uint32_t crc32c, std::span<std::byte> out) {
  if (out.size() != key.len) return fail(ErrorCode::invalid, "the buffer is not as long as the page");
  const auto found = find(key);
  if (!found) return false;
  HeaderBytes header;
  SEEKFS_ASSIGN(const bool whole, read_record(found->segment->file(), found->entry.location.offset, header, out));
  if (!whole || !is_record_of(*found, header, key, crc32c)) {
    forget_damaged(*found, key.len);
    return false;
  }
  index_->mark_read(found->entry.fingerprint);
  return true;
}

Result<ReadOutcome> DiskStore::try_read(const manifest::PageKey& key, std::uint32_t crc32c, std::span<std::byte> out) {
  if (out.size() != key.len) return fail(ErrorCode::invalid, "the buffer is not as long as the page");
  const Fingerprint print = fingerprint(key);
  const auto known = index_->try_find(print);
  if (!known) return ReadOutcome::would_block;
  const auto found = follow(print, known->location);
  if (!found) return ReadOutcome::miss;
  HeaderBytes header;
  const std::array<std::span<std::byte>, 2> pieces{header, out};
  const auto count = found->segment->file().try_read_scatter_at(found->entry.location.offset, pieces);
  if (!count && count.error().code != ErrorCode::transient) return std::unexpected(count.error());
  if (!count || *count < header.size() + out.size()) return ReadOutcome::would_block;
  if (!is_record_of(*found, header, key, crc32c)) {
    forget_damaged(*found, key.len);
    return ReadOutcome::miss;
  }
  index_->mark_read(found->entry.fingerprint);
  return ReadOutcome::hit;
}

void DiskStore::remove(const manifest::PageKey& key) {
  const auto found = find(key);
  if (found && index_->erase(found->entry.fingerprint, found->entry.location)) found->segment->remove_live(key.len);
}

StoreStats DiskStore::stats() const {
  StoreStats stats;
  stats.pages = index_->size();
  for (const SegmentRef& segment : table_.all()) stats.live_bytes += segment->live_bytes();
  stats.segments = table_.size();
  stats.segment_bytes = use_->load();
  stats.disk_bytes = stats.segment_bytes + counts_.other_bytes + counts_.index_bytes;
  stats.capacity_bytes = options_.capacity;
  stats.index_bytes = index_->memory_bytes();
  stats.evicted_pages = counts_.evicted_pages;
  stats.evicted_segments = counts_.evicted_segments;
  stats.put_bytes = counts_.put_bytes;
  stats.written_bytes = counts_.written_bytes;
  stats.damaged_pages = counts_.damaged_pages;
  return stats;
}

std::vector<TenantBytes> DiskStore::tenants() const {
  TenantSums sums;
  for (const SegmentRef& segment : table_.all()) sums.add(segment->tenants());
  return sums.all();
}

/// Segments are held one at a time and no longer than a record takes: one that is evicted meanwhile keeps its space for
/// as long as anybody holds it.
Status DiskStore::for_each_record(const std::function<Status(const Segment&, const IndexEntry&)>& each) const {
  std::vector<SegmentNumber> numbers;
  for (const SegmentRef& segment : table_.all()) numbers.push_back(segment->number());
  for (const SegmentNumber number : numbers) {
    for (const IndexEntry& entry : index_->entries_of(number)) {
      SEEKFS_TRY(check_not_cancelled());
      const SegmentRef segment = table_.find(number);
      if (!segment) break;
      SEEKFS_TRY(each(*segment, entry));
    }
  }
  return {};
}

Result<l2::CheckReport> DiskStore::check() {
  l2::CheckReport report;
  SEEKFS_TRY(for_each_record([&](const Segment& segment, const IndexEntry& entry) -> Status {
    const auto record = read_checked(segment, entry);
    if (record) {
      ++report.pages;
      report.bytes += record->payload.size();
      return {};
    }
    if (record.error().code == ErrorCode::exhausted) return std::unexpected(record.error());
    // Freed or moved since: that is no damage.
    if (index_->find(entry.fingerprint) != entry.location) return {};
    // What can't be read now may be read later: only what is wrong is forgotten.
    if (record.error().code == ErrorCode::corrupt) forget_damaged({table_.find(segment.number()), entry}, 0);
    ++report.damage_count;
    if (report.damage.size() < l2::max_listed_damage) {
      report.damage.push_back({segment.path(), entry.location.offset, record.error().message});
    }
    return {};
  }));
  return report;
}

Status DiskStore::list(const std::function<void(const StoredPage&)>& each) {
  return for_each_record([&](const Segment& segment, const IndexEntry& entry) -> Status {
    HeaderBytes bytes;
    SEEKFS_ASSIGN(const bool whole, read_record(segment.file(), entry.location.offset, bytes, {}));
    const auto header = decode_in_place(bytes, segment.identity(), entry.location.offset);
    if (whole && header) each({header->key, header->payload_crc32c});
    return {};
  });
}

}  // namespace seekfs::segmentstore
