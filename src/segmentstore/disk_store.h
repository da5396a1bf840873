// The one implementation of SegmentStore.
#pragma once

#include <atomic>
#include <optional>

#include "segmentstore/page_index.h"
#include "segmentstore/segment_drain.h"
#include "segmentstore/segment_store.h"
#include "segmentstore/segment_table.h"
#include "segmentstore/segment_writer.h"
#include "segmentstore/store_directory.h"

namespace seekfs::segmentstore {

/// Readers go index, table, file, and meet the writer only in the short locks of the first two. Everything below
/// "writer" belongs to the one thread that changes the store.
class DiskStore final : public SegmentStore {
 public:
  DiskStore(StoreParts parts, StoreOptions options, std::unique_ptr<StoreDirectory> directory,
            std::unique_ptr<PageIndex> index);
  /// Recovers, and evicts what a smaller capacity does not hold any more.
  Status start();

  bool may_contain(const manifest::PageKey& key) const override;
  Result<bool> read(const manifest::PageKey& key, std::uint32_t crc32c, std::span<std::byte> out) override;
  Result<ReadOutcome> try_read(const manifest::PageKey& key, std::uint32_t crc32c, std::span<std::byte> out) override;
  void remove(const manifest::PageKey& key) override;
  StoreStats stats() const override;
  std::vector<TenantBytes> tenants() const override;
  Result<l2::CheckReport> check() override;
  Status list(const std::function<void(const StoredPage&)>& each) override;

  Status append(std::span<const NewPage> pages) override;
  Status checkpoint() override;
  Result<Upkeep> upkeep(std::uint64_t max_bytes) override;
  Status compact() override;
  Status drop_all() override;
  void cancel_long_work() noexcept override { cancelled_.store(true, std::memory_order_relaxed); }
  Status close() override;

 private:
  /// A page's record as the index gives it.
  struct Found {
    SegmentRef segment;
    IndexEntry entry;
  };
  std::optional<Found> find(const manifest::PageKey& key) const;
  std::optional<Found> follow(Fingerprint print, std::optional<Location> location) const;
  bool is_record_of(const Found& found, const HeaderBytes& bytes, const manifest::PageKey& key,
                    std::uint32_t crc32c) const;
  void forget_damaged(const Found& found, std::uint32_t length);
  Status for_each_record(const std::function<Status(const Segment&, const IndexEntry&)>& each) const;

  // Writer: appending (disk_store_append.cc).
  Status check_open() const;
  Status check_not_cancelled() const;
  bool storable(const NewPage& page) const;
  Status queue(const NewPage& page);
  using Writer = std::optional<SegmentWriter>;
  Result<std::vector<SegmentWriter::Written>> write_queued(Writer& writer);
  Status flush();
  Status roll();
  Status begin_segment(Writer& writer);
  Result<SegmentRef> create_segment();
  Status seal_active() { return seal(writer_); }
  Status seal(Writer& writer);
  void seal_or_warn(Writer& writer);
  void give_up_writing() noexcept;
  Status sync_all();
  Status save_index();
  std::vector<SegmentSummary> summaries() const;

  // Writer: space (disk_store_space.cc).
  std::uint64_t committed_bytes() const noexcept;
  Result<bool> has_room(std::uint64_t bytes) const;
  Status make_room(std::uint64_t bytes);
  enum class Eviction : std::uint8_t { freed, of_nothing_on_disk, held_by_a_reader, impossible };
  Result<Eviction> evict_oldest();
  SegmentRef next_victim();
  std::vector<SegmentUse> uses() const;
  bool learn_tenants(std::size_t most);
  Status start_eviction_ahead();
  SegmentRef worth_compacting(double below_share) const;
  Status free_segment(const SegmentRef& segment, bool evicting);
  Status measure_other();

  // Writer: what is carried over (disk_store_carry.cc).
  Result<std::uint64_t> drain_some(std::uint64_t max_bytes);
  Status finish_eviction_before_roll();
  Result<bool> stays_behind(const IndexEntry& entry);
  Result<std::uint64_t> carry_over(const IndexEntry& entry);
  Result<Writer*> take_up(const CheckedRecord& record, bool spared);
  Status finish_drain();

  const StoreParts parts_;
  const StoreOptions options_;
  const std::uint64_t segment_size_;
  const std::unique_ptr<StoreDirectory> directory_;
  const std::unique_ptr<PageIndex> index_;
  const std::shared_ptr<DiskUse> use_ = std::make_shared<DiskUse>(0);
  SegmentTable table_;

  struct Counts {
    std::atomic<std::uint64_t> evicted_pages{0};
    std::atomic<std::uint64_t> evicted_segments{0};
    std::atomic<std::uint64_t> put_bytes{0};
    std::atomic<std::uint64_t> written_bytes{0};
    std::atomic<std::uint64_t> damaged_pages{0};
    std::atomic<std::uint64_t> other_bytes{0};  ///< on disk, neither segment nor index
    std::atomic<std::uint64_t> index_bytes{0};  ///< on disk
  };
  Counts counts_;
  std::atomic<bool> cancelled_{false};

  // Writer.
  Writer writer_;
  /// For pages of spared namespaces, apart from what is new: so those of a namespace that nobody reads now come to lie
  /// together, in segments that are passed over, and are carried over once rather than again and again.
  Writer keeper_;
  std::optional<SegmentDrain> drain_;
  std::vector<SegmentRef> unsynced_;
  bool carried_unsynced_ = false;  ///< pages were carried over since the last sync
  bool directory_changed_ = false;
  SegmentNumber last_number_ = 0;
  bool closed_ = false;
};

}  // namespace seekfs::segmentstore
