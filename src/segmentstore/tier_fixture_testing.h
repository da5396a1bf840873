// A tier of fake disks on virtual time.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "async/timers.h"
#include "base/metrics.h"
#include "env/temp_directory_testing.h"
#include "segmentstore/fake_store_testing.h"
#include "segmentstore/segment_tier.h"
#include "segmentstore/tier_testing.h"

namespace seekfs::segmentstore {

class FakeTierTest : public testing::Test {
 protected:
  static constexpr std::uint64_t capacity = 64U << 20U;

  TierParts parts() { return {env::posix_file_system(), *random, timers, metrics, null_logger()}; }

  StoreOptions store_at(const std::string& name) const {
    return {.path = directory.at(name), .capacity = capacity, .segment_size = 4U << 20U};
  }

  /// One directory on `disk`, with what the test set in `options`.
  Result<std::unique_ptr<SegmentTier>> try_open() {
    options.disks = {store_at("a")};
    return SegmentTier::open(parts(), options, disk.opener());
  }
  std::unique_ptr<SegmentTier> open() {
    auto tier = try_open();
    EXPECT_TRUE(tier) << tier.error().message;
    return tier ? *std::move(tier) : nullptr;
  }

  /// The writer thread switches a disk on and off in its own time, and step by step: what it says of the disk, its
  /// gauge, and whether the store is lent to readers.
  void wait_until_up(const SegmentTier& tier, bool up) const {
    const auto all_agree = [&] {
      return tier.disks().front().up == up && (metric("seekfs_l2_up", disk_label()) == 1) == up &&
             (tier.disks().front().segments > 0) == up;
    };
    while (!all_agree()) std::this_thread::yield();
  }

  double metric(const std::string& name, const std::string& labels) const {
    const std::string text = to_prometheus_text(metrics);
    const std::string line = "\n" + name + "{" + labels + "} ";
    const std::size_t at = text.find(line);
    EXPECT_NE(at, std::string::npos) << line << "is not in\n" << text;
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size()));
  }
  std::string disk_label() const { return "disk=\"" + directory.at("a") + "\""; }

  env::TempDirectory directory;
  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  FakeDisk disk;
  TierOptions options;
};

}  // namespace seekfs::segmentstore
