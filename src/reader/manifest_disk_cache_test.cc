// Manifests and HEADs on local disk: a restart serves from them, and what is damaged or too old is not believed.
#include "reader/manifest_disk_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "env/temp_directory_testing.h"
#include "manifest/codec.h"
#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using std::chrono::seconds;

constexpr std::uint32_t page_size = 64U << 10U;

/// Nodes of these options keep their manifests in one directory.
class ManifestDiskCacheTest : public testing::Test {
 protected:
  ManifestDiskCacheTest() { options.manifest_disk_path = directory.path(); }

  const env::TempDirectory directory;
  TestNodeOptions options;
};

TEST_F(ManifestDiskCacheTest, ARestartServesFromLocalDiskWithoutTheStore) {
  TestNode first(options);
  first.publish("demo", 1, {{"f", 10, page_size}});
  first.publish("demo", 2, {{"f", 20, page_size}});
  ASSERT_EQ(version_of(first), 2U);
  ASSERT_EQ(first.open("demo", "f", 1)->version(), 1U);

  options.store = &first.base_store;
  TestNode second(options);
  second.set_faults(store_is_away());
  EXPECT_EQ(version_of(second), 2U);
  EXPECT_EQ(second.open("demo", "f", 1)->size(), 10U);
  EXPECT_EQ(second.open("other", "f").error().code, ErrorCode::origin_unavailable);
}

/// Counts what the store is asked, and answers nothing.
objectstore::StoreFaultPlan counting(std::atomic<int>& asked) {
  return [&asked](StoreOp, const std::string&) {
    ++asked;
    return StoreFault{.fail_before = Error(ErrorCode::transient, "the store is away")};
  };
}

TEST_F(ManifestDiskCacheTest, ARestartWithinTheTtlAsksTheStoreNothing) {
  TestNode first(options);
  first.publish("demo", 1, {{"f", 10, page_size}});
  ASSERT_EQ(version_of(first), 1U);
  first.publish("demo", 2, {{"f", 20, page_size}});

  options.store = &first.base_store;
  std::atomic<int> asked{0};
  {
    TestNode second(options);
    second.set_faults(counting(asked));
    second.clock.advance(seconds(9));
    second.manifests.check_store();
    EXPECT_EQ(version_of(second), 1U);
    EXPECT_TRUE(second.service->degraded().empty());
  }
  EXPECT_EQ(asked, 0);

  TestNode third(options);
  third.clock.advance(seconds(9));
  EXPECT_EQ(version_of(third), 1U);
  third.clock.advance(seconds(2));
  EXPECT_EQ(version_of(third), 1U);
  settle(third, 1);
  // The ttl goes on from when HEAD was read, not from the restart.
  while (version_of(third) != 2) std::this_thread::yield();
}

TEST(ManifestDiskCache, ALocalHeadThatIsTooOldOrFromATimeToComeIsReadAgain) {
  for (const bool clock_was_set_back : {false, true}) {
    const env::TempDirectory directory;
    TestNodeOptions options;
    options.manifest_disk_path = directory.path();
    TestNode first(options);
    if (clock_was_set_back) first.clock.advance(seconds(3600));
    first.publish("demo", 1, {{"f", 10, page_size}});
    ASSERT_EQ(version_of(first), 1U);
    options.store = &first.base_store;
    std::atomic<int> asked{0};
    {
      TestNode second(options);
      if (!clock_was_set_back) second.clock.advance(seconds(10));
      second.set_faults(counting(asked));
      second.manifests.check_store();
      EXPECT_EQ(version_of(second), 1U);
      // The check of the store, and HEAD: in the background, since there is a version to serve.
      while (asked < 2) std::this_thread::yield();
    }
  }
}

TEST_F(ManifestDiskCacheTest, ADamagedLocalHeadIsNotBelieved) {
  TestNode first(options);
  first.publish("demo", 1, {{"f", 10, page_size}});
  first.publish("demo", 2, {{"f", 20, page_size}});
  ASSERT_EQ(version_of(first), 2U);
  ASSERT_EQ(first.open("demo", "f", 1)->version(), 1U);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
    if (entry.path().filename() != "HEAD") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2);
    file.put('1');
  }
  options.store = &first.base_store;
  TestNode second(options);
  EXPECT_EQ(version_of(second), 2U);
  EXPECT_EQ(second.gets("/HEAD"), 1U);
}

TEST_F(ManifestDiskCacheTest, ADamagedLocalCopyIsDroppedAndReadAnew) {
  {
    TestNode first(options);
    first.publish("demo", 1, {{"f", 10, page_size}});
    ASSERT_EQ(version_of(first), 1U);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
    if (entry.path().extension() == ".manifest") std::filesystem::resize_file(entry.path(), 80);
  }
  TestNode second(options);
  second.publish("demo", 1, {{"f", 10, page_size}});
  EXPECT_EQ(version_of(second), 1U);
  EXPECT_EQ(second.gets("v-1.json.gz"), 1U);
}

TEST_F(ManifestDiskCacheTest, ALocalCopyWithOtherContentIsNotServed) {
  {
    TestNode first(options);
    first.publish("demo", 1, {{"f", 10, page_size}});
    ASSERT_EQ(version_of(first), 1U);
  }
  // A good manifest, but not the one that was kept.
  const auto other = manifest::encode_manifest(manifest::oracle_manifest("demo", 1, {{"g", 10, page_size}}));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
    if (entry.path().extension() != ".manifest") continue;
    std::filesystem::resize_file(entry.path(), 65);
    std::ofstream(entry.path(), std::ios::app | std::ios::binary) << other;
  }
  TestNode second(options);
  second.publish("demo", 1, {{"f", 10, page_size}});
  EXPECT_TRUE(second.open("demo", "f"));
  EXPECT_EQ(second.gets("v-1.json.gz"), 1U);
}

}  // namespace
}  // namespace seekfs::reader
