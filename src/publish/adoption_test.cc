// Adopting objects where they lie: read by ranges side by side, in one state, and what stops it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>

#include "async/sync_wait.h"
#include "async/timers.h"
#include "base/metrics.h"
#include "base/units.h"
#include "manifest/manifest_testing.h"
#include "objectstore/mem_store.h"
#include "objectstore/origin_gate.h"
#include "objectstore/wrappers.h"
#include "publish/namespace_state.h"
#include "publish/publish_testing.h"
#include "publish/publisher.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using ::testing::HasSubstr;

/// Remembers the last progress, and how often the bytes moved.
class Progress final : public PublishObserver {
 public:
  void on_progress(const PublishProgress& progress) override {
    if (progress.bytes_done > last.bytes_done) ++steps;
    if (progress.phase == PublishPhase::transfer) last = progress;
  }
  PublishProgress last;
  std::size_t steps = 0;
};

class AdoptionTest : public ::testing::Test {
 protected:
  void put(const std::string& key, const std::string& body) { ASSERT_TRUE(put_text(*store_, key, body)); }
  static PublishRequest adopt(const std::string& prefix) {
    PublishRequest request;
    request.ns = "demo";
    request.source = StoreSource{.prefix = prefix};
    return request;
  }
  Result<PublishReport> publish(objectstore::ObjectStore& store, const PublishRequest& request) {
    return Publisher(bench_.parts(store)).publish(request, progress_);
  }
  static std::string content(const std::string& name, std::uint64_t size) {
    return manifest::oracle_content("demo", name, 1, size);
  }

  Workbench bench_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_mem_store(bench_.clock());
  Progress progress_;
};

TEST_F(AdoptionTest, LargeAndSmallObjectsAreAdoptedWholeAndTheProgressCountsPieces) {
  Tree tree{{"empty", ""}, {"large", content("large", 20 * MiB + 5)}};
  for (int i = 0; i < 100; ++i) {
    const std::string name = "small/" + std::to_string(i);
    tree[name] = content(name, 1000 + i);
  }
  std::uint64_t bytes = 0;
  for (const auto& [path, body] : tree) {
    put("raw/" + path, body);
    bytes += body.size();
  }
  const auto report = publish(*store_, adopt("raw"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->hashed_files, tree.size());
  EXPECT_EQ(report->hashed_bytes, bytes);
  EXPECT_EQ(report->uploaded_bytes, 0U);
  EXPECT_EQ(progress_.last.files_done, tree.size());
  EXPECT_EQ(progress_.last.bytes_done, bytes);
  EXPECT_GT(progress_.steps, tree.size());  // the large one moved it more than once
  EXPECT_EQ(read_head_version(*store_, "demo"), tree);
}

TEST_F(AdoptionTest, AnObjectThatChangesWhileItIsHashedIsNamedAndNothingIsPublished) {
  put("raw/a", content("a", 30 * MiB));
  put("raw/b", "b");
  std::atomic<int> gets = 0;
  const auto changing = objectstore::make_faulty_store(*store_, [&](StoreOp op, const std::string& key) {
    StoreFault fault;
    if (op == StoreOp::get && key == "raw/a" && ++gets == 3) fault.before = [&] { put(key, "another"); };
    return fault;
  });
  const auto report = publish(*changing, adopt("raw"));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::source_changed);
  EXPECT_THAT(report.error().message, HasSubstr("'raw/a'"));
  EXPECT_EQ(head_of(*store_, "demo"), 0U);
}

TEST_F(AdoptionTest, AnObjectThatChangesBetweenTheListAndTheReadIsNamedToo) {
  put("raw/a", "listed");
  const auto changing = objectstore::make_faulty_store(*store_, [&](StoreOp op, const std::string& key) {
    StoreFault fault;
    if (op == StoreOp::get && key == "raw/a") fault.before = [&] { put(key, "as big"); };
    return fault;
  });
  const auto report = publish(*changing, adopt("raw"));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::source_changed);
  EXPECT_THAT(report.error().message, HasSubstr("'raw/a'"));
}

TEST_F(AdoptionTest, TheFirstErrorIsToldAndNothingStaysUnderWay) {
  for (int i = 0; i < 40; ++i) put("raw/" + std::to_string(i), content("x", 9 * MiB / 40));
  put("raw/large", content("large", 40 * MiB));
  MetricsRegistry metrics;
  async::Timers timers(bench_.clock());
  objectstore::OriginGate gate({.max_in_flight = 6}, timers, metrics);
  const auto faulty = objectstore::make_faulty_store(*store_, [](StoreOp op, const std::string& key) {
    StoreFault fault;
    if (op == StoreOp::get && key == "raw/7") fault.fail_before = Error(ErrorCode::denied, "raw/7 is refused");
    return fault;
  });
  const auto budgeted = objectstore::make_budgeted_store(*faulty, gate);
  const auto report = publish(*budgeted, adopt("raw"));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::denied);
  EXPECT_EQ(report.error().message, "raw/7 is refused");
  EXPECT_EQ(gate.in_flight(), 0U);
  EXPECT_EQ(head_of(*store_, "demo"), 0U);

  // The same store, healthy, and through the same narrow gate.
  const auto healthy = objectstore::make_budgeted_store(*store_, gate);
  ASSERT_TRUE(publish(*healthy, adopt("raw")));
  EXPECT_EQ(gate.in_flight(), 0U);
}

/// Lists no ETags, as some servers do.
class ReticentStore final : public StoreAround {
 public:
  using StoreAround::StoreAround;
  async::Task<objectstore::ListReply> list(objectstore::ListRequest request,
                                           objectstore::RequestOptions options) override {
    SEEKFS_CO_ASSIGN(objectstore::ListReply reply, co_await StoreAround::list(std::move(request), options));
    for (objectstore::ObjectInfo& object : reply.objects) object.etag.clear();
    co_return reply;
  }
};

TEST_F(AdoptionTest, AnObjectThatIsListedWithoutETagIsAskedForIt) {
  ReticentStore reticent(*store_);
  put("raw/a", content("a", 100));
  const auto report = publish(reticent, adopt("raw"));
  ASSERT_TRUE(report) << report.error().message;
  const auto stored = async::sync_wait(store_->head({.key = "raw/a"}, {}));
  ASSERT_TRUE(stored);
  EXPECT_EQ(load_manifest(*store_, "demo", 1)->files.at(0).storage.etag, stored->etag);
}

/// A versioned bucket as far as GET and HEAD tell.
class VersionedStore final : public StoreAround {
 public:
  using StoreAround::StoreAround;
  async::Task<objectstore::ObjectInfo> get(objectstore::ObjectRef object, std::optional<objectstore::ByteRange> range,
                                           objectstore::BodySink& sink, objectstore::RequestOptions options) override {
    const std::string id = "version-" + std::to_string(versions_changed ? ++gets_ : 0);
    SEEKFS_CO_ASSIGN(objectstore::ObjectInfo info, co_await StoreAround::get(std::move(object), range, sink, options));
    info.version_id = id;
    co_return info;
  }
  std::atomic<bool> versions_changed = false;

 private:
  int gets_ = 0;
};

TEST_F(AdoptionTest, TheVersionIdThatWasReadIsRecorded) {
  VersionedStore versioned(*store_);
  put("raw/a", content("a", 20 * MiB));
  ASSERT_TRUE(publish(versioned, adopt("raw")));
  EXPECT_EQ(load_manifest(*store_, "demo", 1)->files.at(0).storage.version_id, "version-0");
}

TEST_F(AdoptionTest, AnotherVersionWithTheSameETagIsAChangeToo) {
  VersionedStore versioned(*store_);
  versioned.versions_changed = true;
  put("raw/a", content("a", 20 * MiB));
  const auto report = publish(versioned, adopt("raw"));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::source_changed);
}

}  // namespace
}  // namespace seekfs::publish
