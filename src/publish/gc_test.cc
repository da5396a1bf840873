// What gc deletes, what it never touches, and what happens when a publish runs beside it.
#include "publish/gc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <utility>

#include "manifest/layout.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"
#include "publish/gc_fence.h"
#include "publish/namespace_state.h"
#include "publish/publish_testing.h"
#include "publish/store_calls.h"
#include "publish/versions.h"

namespace seekfs::publish {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using std::chrono::hours;

constexpr hours min_age(24 * 7);

class GcTest : public ::testing::Test {
 protected:
  Result<PublishReport> try_publish(objectstore::ObjectStore& store, const PublishRequest& request) {
    return Publisher(publish_bench_.parts(store, clock_)).publish(request);
  }
  PublishReport publish(const Tree& tree, std::vector<std::string> deletes = {}) {
    SourceTree source;
    source.write(tree);
    PublishRequest request = request_for("demo", source);
    request.delete_paths = std::move(deletes);
    request.max_delete.percent = 100;
    auto report = try_publish(*store_, request);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? *report : PublishReport();
  }
  GcRequest request(bool remove = true) const {
    GcRequest gc;
    gc.ns = "demo";
    gc.keep_last = 1;
    gc.keep_within = hours(0);
    gc.remove = remove;
    return gc;
  }
  Result<GcReport> collect(objectstore::ObjectStore& store, const GcRequest& gc) {
    return GarbageCollector(gc_bench_.parts(store, clock_)).run(gc);
  }
  GcReport collect() {
    auto report = collect(*store_, request());
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? *report : GcReport();
  }
  bool exists(const std::string& key) { return head_if_present(*store_, key)->has_value(); }
  static std::string key_of(std::string_view content) { return manifest::object_key("demo", sha256(content)); }

  env::ManualClock clock_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_mem_store(clock_);
  Workbench publish_bench_{1};
  Workbench gc_bench_{2};
};

TEST_F(GcTest, OldVersionsAndWhatOnlyTheyReachGo) {
  publish({{"a", "old"}, {"b", "both"}});
  publish({{"a", "new"}});
  clock_.advance(min_age);
  publish({{"c", "young"}});
  const GcReport report = collect();
  EXPECT_EQ(report.kept_versions, std::vector<std::uint64_t>{3});
  EXPECT_EQ(report.dropped_versions, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(report.removed_objects, 1U);
  EXPECT_EQ(report.removed_bytes, 3U);
  EXPECT_FALSE(exists(key_of("old")));
  EXPECT_FALSE(exists(manifest::manifest_key("demo", 1)));
  EXPECT_FALSE(exists(manifest::info_key("demo", 1)));
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "new"}, {"b", "both"}, {"c", "young"}}));
}

TEST_F(GcTest, ADryRunOnlyCounts) {
  publish({{"a", "old"}});
  publish({{"a", "new"}});
  clock_.advance(min_age);
  const auto report = collect(*store_, request(false));
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->dry_run);
  EXPECT_EQ(report->garbage_objects, 1U);
  EXPECT_EQ(report->removed_objects, 0U);
  EXPECT_EQ(check_all_versions(*store_, "demo"), 2U);
}

TEST_F(GcTest, YoungThingsAndKeptVersionsStay) {
  publish({{"a", "1"}});
  clock_.advance(min_age);
  publish({{"a", "2"}});
  publish({{"a", "3"}});
  clock_.advance(min_age - hours(1));
  GcReport report = collect();
  EXPECT_EQ(report.dropped_versions, std::vector<std::uint64_t>{1});
  clock_.advance(hours(2));
  GcRequest keep_two = request();
  keep_two.keep_last = 2;
  EXPECT_EQ(collect(*store_, keep_two)->removed_objects, 0U);
  GcRequest keep_long = request();
  keep_long.keep_within = hours(24 * 30);
  EXPECT_EQ(collect(*store_, keep_long)->removed_objects, 0U);
  EXPECT_EQ(collect().removed_objects, 1U);
}

TEST_F(GcTest, HeadAndTheHighestNumberStayAfterARollback) {
  for (const char* content : {"1", "2", "3", "4"}) publish({{"a", content}});
  clock_.advance(min_age);
  ASSERT_TRUE(Versions(publish_bench_.parts(*store_, clock_)).rollback("demo", 2));
  EXPECT_EQ(collect().kept_versions, (std::vector<std::uint64_t>{2, 4}));
  EXPECT_EQ(publish({{"a", "5"}}).version, 5U);
  check_all_versions(*store_, "demo");
}

TEST_F(GcTest, OnlyKeysThatPublishWritesAreTouched) {
  publish({{"a", "1"}});
  const std::string hex = sha256("x").hex();
  const std::vector<std::string> others = {"data/adopted",
                                           "namespaces/demo/files/adopted",
                                           "namespaces/demo/objects/" + hex,
                                           "namespaces/demo/objects/zz/" + hex,
                                           "namespaces/demo/files/v-" + hex,
                                           "namespaces/other/objects/" + hex.substr(0, 2) + "/" + hex};
  for (const std::string& key : others) ASSERT_TRUE(put_text(*store_, key, "x"));
  const std::string orphans[] = {key_of("x"), "namespaces/demo/files/some/path/v-" + hex};
  for (const std::string& key : orphans) ASSERT_TRUE(put_text(*store_, key, "x"));
  clock_.advance(min_age);
  EXPECT_EQ(collect().removed_objects, 2U);
  for (const std::string& key : others) EXPECT_TRUE(exists(key)) << key;
  for (const std::string& key : orphans) EXPECT_FALSE(exists(key)) << key;
}

TEST_F(GcTest, AManifestThatCannotBeReadStopsIt) {
  publish({{"a", "1"}});
  publish({{"a", "2"}});
  ASSERT_TRUE(put_text(*store_, manifest::manifest_key("demo", 1), "{}"));
  clock_.advance(min_age * 2);
  const auto report = collect(*store_, request());
  ASSERT_FALSE(report);
  EXPECT_TRUE(exists(key_of("1")));
}

TEST_F(GcTest, OfTwoThatFindALapsedMarkerOneTakesItsPlace) {
  const std::string marker = "namespaces/demo/.seekfs/gc";
  ASSERT_TRUE(put_text(*store_, marker, "killed"));
  clock_.advance(gc_lease * 2);
  GcMarker winner(gc_bench_.parts(*store_, clock_), "demo", min_age / 2);
  bool interrupted = false;
  const auto watched = objectstore::make_faulty_store(*store_, [&](StoreOp op, const std::string& key) {
    StoreFault fault;
    if (op == StoreOp::remove && key == marker && !std::exchange(interrupted, true)) {
      fault.before = [&] { EXPECT_TRUE(winner.acquire()); };
    }
    return fault;
  });
  {
    GcMarker loser(publish_bench_.parts(*watched, clock_), "demo", min_age / 2);
    const Status acquired = loser.acquire();
    ASSERT_FALSE(acquired);
    EXPECT_EQ(acquired.error().code, ErrorCode::conflict);
  }
  EXPECT_TRUE(interrupted);
  EXPECT_TRUE(exists(marker));
  clock_.advance(gc_lease / 2);
  EXPECT_TRUE(winner.keep());
  // Somebody with a faster clock takes it for lapsed.
  ASSERT_TRUE(put_text(*store_, marker, "another"));
  clock_.advance(gc_lease / 2);
  const Status kept = winner.keep();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::conflict);
}

/// Calls `hook` before the k-th operation.
objectstore::StoreFaultPlan at_operation(int k, int& count, std::function<void()> hook) {
  return [k, &count, hook = std::move(hook)](StoreOp, const std::string&) {
    StoreFault fault;
    if (++count == k) fault.before = hook;
    return fault;
  };
}

/// A history that leaves "old" unreachable and collectable, though v-1 had it.
/// The parameter: whether time goes by before the one interrupts the other.
class GcBesidePublishTest : public GcTest, public ::testing::WithParamInterface<bool> {
 protected:
  void prepare() {
    store_ = objectstore::make_mem_store(clock_);
    publish({{"a", "old"}, {"keep", "kept"}});
    publish({{"a", "newer"}});
    clock_.advance(min_age * 2);
  }
};

TEST_P(GcBesidePublishTest, AGcAtAnyPointOfAPublishTakesNothingItNeeds) {
  SourceTree source;
  source.write(Tree{{"a", "old"}, {"b", "kept"}, {"c", "fresh"}});
  bool reached_the_end = false;
  for (int k = 1; !reached_the_end; ++k) {
    prepare();
    int count = 0;
    const auto watched = objectstore::make_faulty_store(*store_, at_operation(k, count, [&] {
      if (GetParam()) clock_.advance(min_age / 2 - hours(1));
      static_cast<void>(collect(*store_, request()));
    }));
    Workbench single(3, 1);
    const auto report = Publisher(single.parts(*watched, clock_)).publish(request_for("demo", source));
    ASSERT_TRUE(report) << k << ": " << report.error().message;
    reached_the_end = count < k;
    EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "old"}, {"b", "kept"}, {"c", "fresh"}, {"keep", "kept"}}))
        << k;
    check_all_versions(*store_, "demo");
    ASSERT_LT(k, 1000);
  }
}

TEST_P(GcBesidePublishTest, APublishAtAnyPointOfAGcLosesNothing) {
  SourceTree source;
  source.write(Tree{{"a", "old"}, {"b", "kept"}, {"c", "fresh"}});
  bool reached_the_end = false;
  int stopped = 0;
  for (int k = 1; !reached_the_end; ++k) {
    prepare();
    int count = 0;
    std::optional<Result<PublishReport>> published;
    const auto watched = objectstore::make_faulty_store(*store_, at_operation(k, count, [&] {
      if (GetParam()) clock_.advance(std::chrono::minutes(10));
      published.emplace(try_publish(*store_, request_for("demo", source)));
    }));
    const auto collected = collect(*watched, request());
    if (!collected) EXPECT_EQ(collected.error().code, ErrorCode::conflict) << collected.error().message;
    reached_the_end = count < k;
    check_all_versions(*store_, "demo");
    if (published && !*published) {
      EXPECT_EQ(published->error().code, ErrorCode::conflict) << published->error().message;
      ++stopped;
    }
    const auto again = try_publish(*store_, request_for("demo", source));
    ASSERT_TRUE(again) << k << ": " << again.error().message;
    EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "old"}, {"b", "kept"}, {"c", "fresh"}, {"keep", "kept"}}))
        << k;
    ASSERT_LT(k, 1000);
  }
  EXPECT_GT(stopped, 0);
}

INSTANTIATE_TEST_SUITE_P(Ages, GcBesidePublishTest, ::testing::Bool());

TEST_F(GcTest, SeededMixesOfPublishAndGcKeepEveryVersionWhole) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    store_ = objectstore::make_mem_store(clock_);
    const auto random = env::make_seeded_random(seed);
    Tree expected;
    for (int step = 0; step < 25; ++step) {
      const std::string path = "f" + std::to_string(random->below(4));
      const std::string content = "content " + std::to_string(random->below(6));
      publish({{path, content}});
      expected[path] = content;
      clock_.advance(hours(random->below(24 * 6)));
      if (random->below(2) == 0) static_cast<void>(collect());
      ASSERT_EQ(read_head_version(*store_, "demo"), expected) << "seed " << seed << " step " << step;
      check_all_versions(*store_, "demo");
    }
  }
}

}  // namespace
}  // namespace seekfs::publish
