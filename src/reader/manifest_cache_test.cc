// Namespaces over time: HEAD is read seldom, the last good version goes on, pins hold, memory is kept.
#include "reader/manifest_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "manifest/codec.h"
#include "manifest/layout.h"
#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t page_size = 64U << 10U;

TEST(ManifestCache, ReadsHeadOnceWhileItIsFreshAndInTheBackgroundWhenItIsDue) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  for (int i = 0; i < 50; ++i) ASSERT_EQ(version_of(node), 1U);
  EXPECT_EQ(node.gets("/HEAD"), 1U);
  node.publish("demo", 2, {{"f", 10, page_size}});
  node.clock.advance(seconds(9));
  EXPECT_EQ(version_of(node), 1U);
  EXPECT_EQ(node.gets("/HEAD"), 1U);
  node.clock.advance(seconds(3));
  EXPECT_EQ(version_of(node), 1U);  // served at once, while HEAD is read behind it
  settle(node, 2);
  while (version_of(node) != 2) std::this_thread::yield();
  EXPECT_EQ(version_of(node), 2U);
  EXPECT_EQ(node.gets("/HEAD"), 2U);
}

TEST(ManifestCache, AReaderWaitsForHeadWhenItIsVeryOld) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  ASSERT_EQ(version_of(node), 1U);
  node.publish("demo", 2, {{"f", 10, page_size}});
  node.clock.advance(seconds(101));
  EXPECT_EQ(version_of(node), 2U);
}

TEST(ManifestCache, AVeryOldHeadIsServedAfterTwoSecondsWhenTheStoreHangs) {
  std::atomic<bool> hanging{true};  // outlives the node, whose store goes on reading it
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  ASSERT_EQ(version_of(node), 1U);
  node.clock.advance(seconds(101));
  node.set_faults([&](StoreOp, const std::string&) {
    return StoreFault{.before = [&] {
      while (hanging) std::this_thread::yield();
    }};
  });
  std::thread reader([&] { EXPECT_EQ(version_of(node), 1U); });
  while (node.gets("/HEAD") < 2 || node.timers.pending() == 0) std::this_thread::yield();
  node.clock.advance(milliseconds(2001));
  reader.join();
  hanging = false;
}

TEST(ManifestCache, AStoreThatIsAwayIsAskedForHeadAtMostOnceATtl) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  ASSERT_EQ(version_of(node), 1U);
  node.set_faults(store_is_away());
  node.clock.advance(seconds(101));
  for (int i = 0; i < 50; ++i) ASSERT_EQ(version_of(node), 1U);
  EXPECT_EQ(node.gets("/HEAD"), 2U);
  node.clock.advance(seconds(12));
  for (int i = 0; i < 50; ++i) ASSERT_EQ(version_of(node), 1U);
  EXPECT_EQ(node.gets("/HEAD"), 3U);
}

TEST(ManifestCache, ManyReadersOfAnUnknownNamespaceCostOneRead) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  std::atomic<int> asked{0};
  node.set_faults([&](StoreOp, const std::string&) {
    return StoreFault{.before = [&] {
      while (asked < 200) std::this_thread::yield();
    }};
  });
  std::vector<async::Promise<FileRef>> opened(200);
  for (auto& each : opened) {
    auto task = [](TestNode& of, async::Promise<FileRef> out,
                   std::atomic<int>& count) -> boost::asio::awaitable<void, async::Executor> {
      ++count;
      out.set(co_await of.service->open("demo", "f", std::nullopt, of.clock.now() + seconds(60)));
    };
    async::spawn(node.front.executor(), task(node, each, asked));
  }
  for (auto& each : opened) EXPECT_TRUE(async::sync_wait(each.wait()));
  EXPECT_EQ(node.gets("/HEAD"), 1U);
  EXPECT_EQ(node.gets("v-1.json.gz"), 1U);
}

TEST(ManifestCache, TheLastGoodVersionGoesOnAndTheReasonIsTold) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  ASSERT_EQ(version_of(node), 1U);
  node.put(manifest::manifest_key("demo", 2), "{\"format\": \"seekfs-manifest/9\"}");
  node.put(manifest::head_key("demo"), "v-2\n");
  node.clock.advance(seconds(101));
  EXPECT_EQ(version_of(node), 1U);
  const auto degraded = node.service->degraded();
  ASSERT_EQ(degraded.size(), 1U);
  EXPECT_NE(degraded[0].find("format"), std::string::npos) << degraded[0];
  EXPECT_EQ(node.metrics.counter("seekfs_manifest_refresh_failures_total", "").value(), 1U);
  node.publish("demo", 2, {{"f", 20, page_size}});
  node.clock.advance(seconds(101));
  EXPECT_EQ(version_of(node), 2U);
  EXPECT_TRUE(node.service->degraded().empty());
}

TEST(ManifestCache, AStoreThatIsAwayIsToldBeforeAndAfterTheFirstReader) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  node.set_faults(store_is_away());
  node.manifests.check_store();
  while (node.service->degraded().empty()) std::this_thread::yield();
  ASSERT_EQ(node.service->degraded().size(), 1U);
  EXPECT_NE(node.service->degraded()[0].find("the store is away"), std::string::npos);
  node.set_faults(nullptr);
  EXPECT_EQ(version_of(node), 1U);
  EXPECT_TRUE(node.service->degraded().empty());
  node.set_faults(store_is_away());
  EXPECT_EQ(node.open("other", "f").error().code, ErrorCode::origin_unavailable);
  EXPECT_EQ(node.service->degraded().size(), 1U);
}

TEST(ManifestCache, AManifestThatIsNotTheOneItsInfoNamesIsRefused) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  manifest::VersionInfo info{.version = 1, .message = "", .manifest_sha256 = std::string(64, '0')};
  node.put(manifest::info_key("demo", 1), manifest::encode_version_info(info));
  const auto file = node.open("demo", "f");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::unsupported_manifest);
  EXPECT_NE(file.error().message.find("manifest_sha256"), std::string::npos);
}

TEST(ManifestCache, APinnedVersionNeverReadsHead) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  node.publish("demo", 2, {{"f", 20, page_size}});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(node.open("demo", "f", 1)->size(), 10U);
    node.clock.advance(seconds(1000));
  }
  EXPECT_EQ(node.gets("/HEAD"), 0U);
  EXPECT_EQ(node.gets("v-1.json.gz"), 1U);
}

TEST(ManifestCache, KeepsManifestsWithinTheirMemoryAndUnloadsThoseUnusedLongest) {
  TestNodeOptions options;
  options.manifest_memory = 200'000;
  TestNode node(options);
  std::vector<manifest::OracleFile> files;
  for (int i = 0; i < 300; ++i) files.push_back({"some/rather/long/path/of/a/file-" + std::to_string(i), 5, page_size});
  for (std::uint64_t version = 1; version <= 20; ++version) node.publish("demo", version, files);
  for (std::uint64_t version = 1; version <= 20; ++version) {
    ASSERT_EQ(node.open("demo", files[7].path, version)->version(), version);
    node.clock.advance(milliseconds(1));
    ASSERT_TRUE(node.open("demo", files[7].path, 1));  // used again and again
    node.clock.advance(milliseconds(1));
    ASSERT_LE(node.memory.used(cache::MemoryUse::manifests), options.manifest_memory);
  }
  EXPECT_EQ(node.gets("/v-1.json.gz"), 1U);
  EXPECT_EQ(node.gets("/v-20.json.gz"), 1U);
  ASSERT_TRUE(node.open("demo", files[7].path, 20));
  EXPECT_EQ(node.gets("/v-20.json.gz"), 1U);
  ASSERT_TRUE(node.open("demo", files[7].path, 2));
  EXPECT_EQ(node.gets("/v-2.json.gz"), 2U) << "it was to be unloaded";
}

TEST(ManifestCache, UnloadsToMakeRoomInTheMemoryBudget) {
  TestNodeOptions options;
  options.memory_bytes = 1U << 20U;  // a fraction of what all versions take
  TestNode node(options);
  std::vector<manifest::OracleFile> files;
  for (int i = 0; i < 300; ++i) files.push_back({"some/rather/long/path/of/a/file-" + std::to_string(i), 5, page_size});
  for (std::uint64_t version = 1; version <= 40; ++version) node.publish("demo", version, files);
  for (std::uint64_t version = 1; version <= 40; ++version) {
    const auto file = node.open("demo", files[7].path, version);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->version(), version);
  }
  EXPECT_LE(node.memory.used(cache::MemoryUse::manifests), options.memory_bytes);
}

TEST(ManifestCache, ALargeManifestFindsRoomAmongManySmallOnes) {
  TestNodeOptions options;
  options.memory_bytes = 2U << 20U;
  TestNode node(options);
  const auto files = [](int count) {
    std::vector<manifest::OracleFile> made;
    for (int i = 0; i < count; ++i)
      made.push_back({"some/rather/long/path/of/a/file-" + std::to_string(i), 5, page_size});
    return made;
  };
  for (std::uint64_t version = 1; version <= 60; ++version) node.publish("demo", version, files(300));
  node.publish("large", 1, files(2000));
  for (std::uint64_t version = 1; version <= 60; ++version) ASSERT_TRUE(node.open("demo", files(1)[0].path, version));
  const auto file = node.open("large", files(1)[0].path);
  EXPECT_TRUE(file) << (file ? "" : file.error().message);
  EXPECT_LE(node.gets("large/manifests/v-1.json.gz"), 6U);
}

TEST(ManifestCache, NamesThatClientsMakeUpTakeNoMemory) {
  TestNode node;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(node.open("made-up-" + std::to_string(i), "f").error().code, ErrorCode::no_such_namespace);
  }
  EXPECT_TRUE(node.service->degraded().empty());
  EXPECT_EQ(node.run(node.service->namespaces(node.clock.now() + seconds(5)))->size(), 0U);
}

TEST(ManifestCache, AForgottenNameIsFoundOnceItIsPublished) {
  TestNode node;
  ASSERT_EQ(node.open("demo", "f").error().code, ErrorCode::no_such_namespace);
  node.publish("demo", 1, {{"f", 10, page_size}});
  EXPECT_EQ(version_of(node), 1U);
  EXPECT_EQ(version_of(node), 1U);
  EXPECT_EQ(node.gets("/HEAD"), 2U);
}

TEST(ManifestCache, ListsNamespacesAndSaysWhatIsLoaded) {
  TestNode node;
  node.publish("a", 3, {{"f", 10, page_size}});
  node.publish("b", 1, {{"f", 10, page_size}, {"g", 5, page_size}});
  ASSERT_TRUE(node.open("b", "f"));
  const auto listed = node.run(node.service->namespaces(node.clock.now() + seconds(5)));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].ns, "a");
  EXPECT_EQ((*listed)[0].version, 0U);
  EXPECT_EQ((*listed)[1].version, 1U);
  EXPECT_EQ((*listed)[1].files, 2U);
  EXPECT_EQ((*listed)[1].bytes, 15U);
  EXPECT_EQ(node.run(node.service->namespace_status("a", node.clock.now() + seconds(5)))->version, 3U);
  EXPECT_EQ(node.run(node.service->namespace_status("c", node.clock.now() + seconds(5))).error().code,
            ErrorCode::no_such_namespace);
}

}  // namespace
}  // namespace seekfs::reader
