// The directories side by side: each page has one, sums and reports cover all.
#include "segmentstore/segment_tier.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "segmentstore/directory_list.h"
#include "segmentstore/disk_tier.h"
#include "segmentstore/tenant_gauges.h"
#include "segmentstore/tier_gauges.h"

namespace seekfs::segmentstore {
namespace {

using manifest::PageKey;

std::vector<std::string> paths_of(const TierOptions& options) {
  std::vector<std::string> paths;
  paths.reserve(options.disks.size());
  for (const StoreOptions& disk : options.disks) paths.push_back(disk.path);
  return paths;
}

void add(l2::CheckReport& to, l2::CheckReport from) {
  to.pages += from.pages;
  to.bytes += from.bytes;
  to.damage_count += from.damage_count;
  for (l2::Damage& one : from.damage) {
    if (to.damage.size() < l2::max_listed_damage) to.damage.push_back(std::move(one));
  }
}

class Tier final : public SegmentTier {
 public:
  Tier(const TierParts& parts, const TierOptions& options, const StoreOpener& opener) : dealer_(paths_of(options)) {
    for (const StoreOptions& disk : options.disks) {
      disks_.push_back(std::make_unique<DiskTier>(parts, options, disk, opener));
    }
    add_tier_gauges(parts.metrics, paths_of(options), slots());
    tenant_gauges_ = std::make_unique<TenantGauges>(parts.metrics, slots());
  }

  ~Tier() override {
    for (const auto& disk : disks_) disk->begin_stop();
  }

  /// The first that a person has to mend, after all were tried.
  Status wait_until_opened() {
    Status first;
    for (const auto& disk : disks_) {
      Status opened = disk->wait_until_opened();
      if (!opened && first) first = std::move(opened);
    }
    return first;
  }

  bool may_contain(const PageKey& key, const l2::PageFacts& facts) const override {
    return disk_of(key).may_contain(key, facts);
  }
  async::Task<bool> get(PageKey key, l2::PageFacts facts, std::span<std::byte> out) override {
    tenant_gauges_->note(facts.ns);
    return disk_of(key).get(key, facts, out);
  }
  void put(const PageKey& key, const l2::PageFacts& facts, PageRef page) override {
    tenant_gauges_->note(facts.ns);
    disk_of(key).put(key, facts, std::move(page));
  }
  void remove(const PageKey& key) override { disk_of(key).remove(key); }
  bool enabled() const override { return true; }

  l2::L2Stats stats() const override {
    l2::L2Stats sum;
    for (const auto& disk : disks_) {
      const l2::DiskStatus status = disk->status();
      sum.pages += status.pages;
      sum.bytes += status.live_bytes;
      sum.capacity_bytes += status.capacity_bytes;
      sum.evicted_pages += status.evicted_pages;
      sum.written_bytes += status.put_bytes;
    }
    return sum;
  }

  std::vector<l2::DiskStatus> disks() const override {
    std::vector<l2::DiskStatus> all;
    all.reserve(disks_.size());
    for (const auto& disk : disks_) all.push_back(disk->status());
    return all;
  }

  async::Task<l2::CheckReport> check() override {
    l2::CheckReport sum;
    std::optional<Error> first;
    for (const auto& disk : disks_) {
      Result<l2::CheckReport> report = co_await disk->check();
      if (report) {
        add(sum, *std::move(report));
      } else if (!first) {
        first = std::move(report).error();
      }
    }
    if (first) co_return std::unexpected(*std::move(first));
    co_return sum;
  }

  async::Task<void> compact() override { return on_each(&DiskTier::compact); }
  async::Task<void> drop_all() override { return on_each(&DiskTier::drop_all); }

  void cancel_long_work() override {
    for (const auto& disk : disks_) disk->cancel_long_work();
  }

  void flush() override {
    for (const auto& disk : disks_) disk->flush();
  }

 private:
  DiskTier& disk_of(const PageKey& key) const { return *disks_[dealer_.directory_of(fingerprint(key))]; }

  std::vector<std::shared_ptr<const StoreSlot>> slots() const {
    std::vector<std::shared_ptr<const StoreSlot>> slots;
    slots.reserve(disks_.size());
    for (const auto& disk : disks_) slots.push_back(disk->slot());
    return slots;
  }

  async::Task<void> on_each(async::Task<void> (DiskTier::*work)()) {
    std::optional<Error> first;
    for (const auto& disk : disks_) {
      const Status done = co_await (disk.get()->*work)();
      if (!done && !first) first = done.error();
    }
    if (first) co_return std::unexpected(*std::move(first));
    co_return Status();
  }

  const PageDealer dealer_;
  std::vector<std::unique_ptr<DiskTier>> disks_;
  std::unique_ptr<TenantGauges> tenant_gauges_;
};

}  // namespace

Result<std::unique_ptr<SegmentTier>> SegmentTier::open(const TierParts& parts, TierOptions options) {
  return open(parts, std::move(options), SegmentStore::open);
}

Result<std::unique_ptr<SegmentTier>> SegmentTier::open(const TierParts& parts, TierOptions options,
                                                       const StoreOpener& opener) {
  SEEKFS_TRY(check_directories(parts.files, paths_of(options)));
  auto tier = std::make_unique<Tier>(parts, options, opener);
  SEEKFS_TRY(tier->wait_until_opened());
  return tier;
}

}  // namespace seekfs::segmentstore
