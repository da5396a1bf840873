// One segment: its file, its identity and how much of it is still wanted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "env/file.h"
#include "segmentstore/footer.h"
#include "segmentstore/location.h"
#include "segmentstore/record.h"

namespace seekfs::segmentstore {

/// Bytes on disk that segments hold. Thread-safe. A segment that is being read when it is removed keeps its space until
/// the last reader has let go of it, so that is when it is taken off.
using DiskUse = std::atomic<std::uint64_t>;

std::string segment_file_name(SegmentNumber number);
/// The number in "data-NNNNN.seg"; 0 when the name is no segment's.
SegmentNumber parse_segment_file_name(std::string_view name) noexcept;

/// Shared by the table and by whoever reads; the file closes with the last of them. Its records never change once
/// written. Thread-safe but for the members that say "writer".
class Segment {
 public:
  /// `allocated` bytes on disk are added to `use`.
  Segment(SegmentIdentity identity, std::string path, std::unique_ptr<env::File> file, std::uint64_t allocated,
          std::shared_ptr<DiskUse> use);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  SegmentNumber number() const noexcept { return identity_.number; }
  const SegmentIdentity& identity() const noexcept { return identity_; }
  const std::string& path() const noexcept { return path_; }
  env::File& file() const noexcept { return *file_; }

  std::uint64_t allocated() const noexcept { return allocated_.load(std::memory_order_relaxed); }
  void set_allocated(std::uint64_t bytes) noexcept;  ///< writer

  bool sealed() const noexcept { return sealed_.load(std::memory_order_relaxed); }
  void seal(std::uint64_t data_end) noexcept;  ///< writer
  std::uint64_t data_end() const noexcept { return data_end_.load(std::memory_order_relaxed); }
  void set_data_end(std::uint64_t bytes) noexcept { data_end_.store(bytes, std::memory_order_relaxed); }  ///< writer

  /// Records that the index points to, and their bytes with headers. Close, not exact: two pages with one fingerprint,
  /// and a crash between two counts, leave them a little off.
  void add_live(std::uint32_t payload, TenantId tenant = unknown_tenant) noexcept;
  void remove_live(std::uint32_t payload, TenantId tenant = unknown_tenant) noexcept;
  void set_live(std::uint64_t pages, std::uint64_t bytes) noexcept;
  std::uint64_t live_bytes() const noexcept { return live_bytes_.load(std::memory_order_relaxed); }
  std::uint64_t live_pages() const noexcept { return live_pages_.load(std::memory_order_relaxed); }
  /// The same by namespace, of pages that were written since the start. Those that were removed without saying whose
  /// they are have been taken off everybody in proportion.
  std::vector<TenantBytes> tenants() const;
  /// Whether a sample is due: pages were found at the start, and nobody has looked whose they are.
  bool wants_sample() const noexcept { return wants_sample_.load(std::memory_order_relaxed); }
  void set_wants_sample() noexcept { wants_sample_.store(true, std::memory_order_relaxed); }  ///< writer
  /// All of whom are unknown are taken to be those namespaces', in that proportion.
  void learn(const std::vector<TenantBytes>& sample);  ///< writer

 private:
  const SegmentIdentity identity_;
  const std::string path_;
  std::unique_ptr<env::File> file_;
  const std::shared_ptr<DiskUse> use_;
  std::atomic<std::uint64_t> allocated_;
  std::atomic<bool> sealed_{false};
  std::atomic<std::uint64_t> data_end_{0};
  std::atomic<std::uint64_t> live_bytes_{0};
  std::atomic<std::uint64_t> live_pages_{0};
  std::atomic<bool> wants_sample_{false};
  mutable Mutex mutex_;
  std::vector<TenantBytes> tenants_ SEEKFS_GUARDED_BY(mutex_);
};

using SegmentRef = std::shared_ptr<Segment>;

/// Reads the record at `offset`: header first, then payload into `payload`, whose size is the length that is expected.
/// False when the file ends before it.
Result<bool> read_record(env::File& file, std::uint64_t offset, HeaderBytes& header, std::span<std::byte> payload);
/// The header at `offset` when it is one of this segment at exactly this place.
std::optional<RecordHeader> decode_in_place(const HeaderBytes& bytes, SegmentIdentity identity, std::uint64_t offset);

}  // namespace seekfs::segmentstore
