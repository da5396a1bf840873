// Objects by LIST and pinned versions by HEAD: what each comparison finds, and that HEADs are under way side by side.
#include "publish/object_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "async/promise.h"
#include "async/sync_wait.h"
#include "objectstore/mem_store.h"
#include "publish/in_flight.h"
#include "publish/publish_testing.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using objectstore::ObjectInfo;
using ::testing::HasSubstr;

/// A versioned bucket of which each key has versions "1" and "2" with the bytes that the inner store has at KEY@1 and
/// KEY@2; lists tell of the objects as they are. Holds HEADs back until `gather` of them are there. For one thread.
class VersionsByName final : public StoreAround {
 public:
  using StoreAround::StoreAround;
  async::Task<ObjectInfo> head(objectstore::ObjectRef object, objectstore::RequestOptions options) override {
    if (gather > 0) {
      const async::Promise<void> all_here;
      waiting_.push_back(all_here);
      if (waiting_.size() == gather) {
        gather = 0;
        for (const async::Promise<void>& one : std::exchange(waiting_, {})) one.set({});
      }
      SEEKFS_CO_TRY(co_await all_here.wait());
    }
    object.key += "@" + std::exchange(object.version_id, std::nullopt).value_or("none");
    co_return co_await StoreAround::head(std::move(object), options);
  }
  std::size_t gather = 0;

 private:
  std::vector<async::Promise<void>> waiting_;
};

class ObjectAuditTest : public ::testing::Test {
 protected:
  manifest::FileEntry put(const std::string& key, const std::string& body, std::optional<std::string> version = {}) {
    const auto reply = put_text(*mem_, version ? key + "@" + *version : key, body);
    EXPECT_TRUE(reply);
    manifest::FileEntry file;
    file.path = "path of " + key;
    file.size = body.size();
    file.storage = {.key = key, .etag = reply->etag, .version_id = std::move(version)};
    return file;
  }
  std::vector<Mismatch> audit(const std::vector<manifest::FileEntry>& files) {
    auto found = audit_objects(store_, files);
    EXPECT_TRUE(found) << (found ? "" : found.error().message);
    return found ? std::move(*found) : std::vector<Mismatch>();
  }

  Workbench bench_;
  std::unique_ptr<objectstore::ObjectStore> mem_ = objectstore::make_mem_store(bench_.clock());
  VersionsByName store_{*mem_};
};

TEST_F(ObjectAuditTest, APinnedVersionIsComparedWhateverIsNewest) {
  const auto pinned = put("a", "one", "1");
  put("a", "newest and longer");
  EXPECT_TRUE(audit({pinned}).empty());
}

TEST_F(ObjectAuditTest, AVersionThatIsGoneIsMissingThoughTheNewestLooksTheSame) {
  const auto pinned = put("a", "one", "1");
  put("a", "one");
  ASSERT_TRUE(async::sync_wait(mem_->remove({.key = "a@1", .if_match = {}, .version_id = {}}, {})));
  const auto found = audit({pinned});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, MismatchKind::missing);
  EXPECT_EQ(found[0].path, "path of a");
  EXPECT_THAT(found[0].detail, HasSubstr("no object a in version 1"));
}

TEST_F(ObjectAuditTest, VersionsAreAskedForSideBySide) {
  std::vector<manifest::FileEntry> files;
  for (std::size_t i = 0; i < 3 * objects_in_flight; ++i) files.push_back(put(std::to_string(i), "body", "2"));
  files[5].storage.etag = "\"another\"";
  files[50].size = 100;
  store_.gather = objects_in_flight;  // fewer at once would wait for ever
  auto found = audit(files);
  ASSERT_EQ(found.size(), 2U);
  std::ranges::sort(found, {}, &Mismatch::path);
  EXPECT_EQ(std::pair(found[0].path, found[0].kind), std::pair(std::string("path of 5"), MismatchKind::etag));
  EXPECT_EQ(std::pair(found[1].path, found[1].kind), std::pair(std::string("path of 50"), MismatchKind::size));
}

TEST_F(ObjectAuditTest, ListedAndPinnedObjectsStandSideBySide) {
  const auto listed = put("folder/listed", "x");
  auto changed = put("folder/changed", "x");
  const auto pinned = put("folder/pinned", "y", "1");
  changed.storage.etag = "\"another\"";
  const auto found = audit({listed, changed, pinned});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].key, "folder/changed");
}

}  // namespace
}  // namespace seekfs::publish
