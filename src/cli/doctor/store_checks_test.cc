// The checks that use a store, on one in memory that may be made to lie.
#include "cli/doctor/store_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "async/sync_wait.h"
#include "objectstore/mem_store.h"

namespace seekfs::cli {
namespace {

using namespace objectstore;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A store in memory, but for what the test spoils.
class LyingStore final : public ObjectStore {
 public:
  explicit LyingStore(env::Clock& clock) : inner_(make_mem_store(clock)) {}

  bool ignores_put_conditions = false;
  bool ignores_get_conditions = false;
  bool fails_second_put = false;  ///< the object stays as it is
  bool fails_first_put = false;   ///< though it took effect
  bool versioned = false;
  bool denies_removal_of_versions = false;
  std::vector<std::string> removed;  ///< "KEY" or "KEY VERSION"
  int puts = 0;

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    co_return co_await inner_->head(std::move(object), options);
  }
  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    if (ignores_get_conditions) object.if_match.reset();
    co_return co_await inner_->get(std::move(object), range, sink, options);
  }
  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    ++puts;
    if (puts == 2 && fails_second_put) co_return fail(ErrorCode::transient, "the second put broke");
    if (ignores_put_conditions) conditions = {};
    auto reply = co_await inner_->put(std::move(key), body, std::move(conditions), options);
    if (reply && versioned) reply->version_id = "v" + std::to_string(puts);
    if (puts == 1 && fails_first_put) co_return fail(ErrorCode::timeout, "the first put did not end");
    co_return reply;
  }
  async::Task<ListReply> list(ListRequest request, RequestOptions options) override {
    co_return co_await inner_->list(std::move(request), options);
  }
  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    removed.push_back(object.key + (object.version_id ? " " + *object.version_id : ""));
    if (object.version_id && denies_removal_of_versions) co_return fail(ErrorCode::denied, "not of versions");
    object.version_id.reset();
    co_return co_await inner_->remove(std::move(object), options);
  }
  Status check_key(std::string_view key) const override { return inner_->check_key(key); }
  async::Task<void> flush(RequestOptions options) override { co_return co_await inner_->flush(options); }
  std::string description() const override { return "mem"; }

 private:
  std::unique_ptr<ObjectStore> inner_;
};

class DoctorStoreChecks : public testing::Test {
 protected:
  void put(const std::string& key, std::string body) {
    ASSERT_TRUE(async::sync_wait(put_small(store, key, std::move(body), {}, {})));
    store.puts = 0;
  }
  Finding range() {
    std::map<std::string, Finding> found;
    EXPECT_TRUE(check_reads(store, clock, [&](const Finding& finding) -> Status {
      found[finding.check] = finding;
      return {};
    }));
    EXPECT_TRUE(found.contains("latency"));
    return found["range"];
  }
  Finding write() {
    const Finding finding = check_write(store, clock, *random);
    const auto left = async::sync_wait(store.list({}, {}));
    EXPECT_TRUE(left && left->objects.empty());
    EXPECT_FALSE(store.removed.empty());
    for (const std::string& name : store.removed) EXPECT_THAT(name, StartsWith(".seekfs-doctor/"));
    return finding;
  }

  env::ManualClock clock;
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  LyingStore store{clock};
};

TEST_F(DoctorStoreChecks, AnEmptyStoreHasNothingToReadRangesOf) {
  EXPECT_EQ(range().grade, Grade::warn);
  put("x", "1");  // of which no part can be asked for
  EXPECT_EQ(range().grade, Grade::warn);
}

TEST_F(DoctorStoreChecks, RangesAreReadOfAManifestWhereThereIsOne) {
  put("a", "other");
  EXPECT_THAT(range().seen, StartsWith("a: 4 bytes of 5"));
  put("namespaces/demo/HEAD", "v-1\n");
  put("namespaces/demo/manifests/v-1.json.gz", "manifest");
  const Finding finding = range();
  EXPECT_EQ(finding.grade, Grade::ok) << finding.seen;
  EXPECT_THAT(finding.seen, StartsWith("namespaces/demo/manifests/v-1.json.gz: 7 bytes of 8"));
}

TEST_F(DoctorStoreChecks, RangesOfAStoreThatIgnoresIfMatchFail) {
  put("a", "other");
  store.ignores_get_conditions = true;
  EXPECT_EQ(range().grade, Grade::fail);
}

TEST_F(DoctorStoreChecks, WritesLeaveNothing) {
  EXPECT_EQ(write().grade, Grade::ok);
  EXPECT_EQ(store.puts, 3);
}

TEST_F(DoctorStoreChecks, WritesLeaveNoVersionOfAVersionedBucket) {
  store.versioned = true;
  store.ignores_put_conditions = true;
  write();
  ASSERT_EQ(store.removed.size(), 3U);
  EXPECT_THAT(store.removed[0], EndsWith(" v1"));
  EXPECT_THAT(store.removed[2], EndsWith(" v3"));
}

TEST_F(DoctorStoreChecks, WritesAreHiddenWhereVersionsCanNotBeRemoved) {
  store.versioned = true;
  store.denies_removal_of_versions = true;
  const Finding finding = write();
  EXPECT_EQ(finding.grade, Grade::ok);
  EXPECT_THAT(finding.seen, HasSubstr("an old version stays"));
  EXPECT_EQ(store.removed.size(), 2U);
}

TEST_F(DoctorStoreChecks, WritesThatAStoreDoesUnconditionallyFailAndLeaveNothing) {
  store.ignores_put_conditions = true;
  EXPECT_THAT(write().seen, HasSubstr("If-None-Match: * is done"));
}

TEST_F(DoctorStoreChecks, WritesThatBreakLeaveNothing) {
  store.fails_second_put = true;
  EXPECT_THAT(write().seen, HasSubstr("the second put broke"));
}

TEST_F(DoctorStoreChecks, APutThatTookEffectThoughItFailedLeavesNothing) {
  store.fails_first_put = true;
  EXPECT_THAT(write().seen, HasSubstr("the first put did not end"));
}

}  // namespace
}  // namespace seekfs::cli
