// Each kind of damage, found by each level that can find it; versions listed, compared and rolled back.
#include "publish/verify.h"

#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "manifest/layout.h"
#include "objectstore/mem_store.h"
#include "publish/namespace_state.h"
#include "publish/publish_testing.h"
#include "publish/store_calls.h"
#include "publish/version_claim.h"
#include "publish/versions.h"

namespace seekfs::publish {
namespace {

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() { publish(Tree{{"a", std::string(300000, 'a')}, {"b", "bbb"}, {"empty", ""}}); }
  void publish(const Tree& tree) {
    SourceTree source;
    source.write(tree);
    EXPECT_TRUE(Publisher(bench_.parts(*store_)).publish(request_for("demo", source)));
  }
  VerifyReport verify(std::string_view level) {
    VerifyRequest request;
    request.ns = "demo";
    EXPECT_TRUE(parse_verify_level(level, request));
    auto report = Verifier(bench_.parts(*store_)).verify(request);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? *report : VerifyReport();
  }
  /// Publishes HEAD's manifest again after `change` was made to it, as a broken publisher would.
  void tamper(const std::function<void(manifest::FileEntry&)>& change) {
    auto manifest = load_manifest(*store_, "demo", head_of(*store_, "demo"));
    ASSERT_TRUE(manifest);
    change(manifest->files[0]);
    const auto head = read_head(*store_, "demo");
    ASSERT_TRUE(head && *head);
    const auto info = claim_version(*store_, PutMode::conditional, "demo", (*head)->version, "", *manifest);
    ASSERT_TRUE(info);
    ASSERT_TRUE(*swap_head(*store_, PutMode::conditional, "demo", *head, info->version));
  }
  static std::string key_of(std::string_view content) { return manifest::object_key("demo", sha256(content)); }

  Workbench bench_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_mem_store(bench_.clock());
};

TEST_F(VerifyTest, AWholeVersionIsGoodAtEachLevel) {
  for (const char* level : {"head", "sample=50%", "full"}) EXPECT_TRUE(verify(level).good()) << level;
  EXPECT_EQ(verify("full").checked_bytes, 300003U);
  EXPECT_EQ(verify("full").checked_pages, 3U);
  EXPECT_EQ(verify("head").checked_bytes, 0U);
  EXPECT_GE(verify("sample=0.001%").checked_pages, 1U);
}

TEST_F(VerifyTest, AMissingObjectIsFoundByAnyLevel) {
  ASSERT_TRUE(async::sync_wait(store_->remove({.key = key_of("bbb"), .if_match = {}, .version_id = {}}, {})));
  for (const char* level : {"head", "sample", "full"}) {
    const VerifyReport report = verify(level);
    ASSERT_EQ(report.bad_files, 1U) << level;
    EXPECT_EQ(report.mismatches[0].path, "b");
    EXPECT_EQ(report.mismatches[0].kind, MismatchKind::missing);
  }
}

TEST_F(VerifyTest, AnotherObjectOrAShorterOneIsFoundByHead) {
  ASSERT_TRUE(put_text(*store_, key_of("bbb"), "BBB"));
  EXPECT_EQ(verify("head").mismatches.at(0).kind, MismatchKind::etag);
  EXPECT_EQ(verify("full").mismatches.at(0).kind, MismatchKind::etag);
  ASSERT_TRUE(put_text(*store_, key_of("bbb"), "b"));
  EXPECT_EQ(verify("head").mismatches.at(0).kind, MismatchKind::size);
}

TEST_F(VerifyTest, WrongPagesAndHashesAreFoundByReading) {
  tamper([](manifest::FileEntry& file) { file.pages[1].crc32c ^= 1U; });
  EXPECT_TRUE(verify("head").good());
  EXPECT_EQ(verify("sample=100%").mismatches.at(0).kind, MismatchKind::page_crc);
  EXPECT_EQ(verify("full").mismatches.at(0).kind, MismatchKind::page_crc);
  tamper([](manifest::FileEntry& file) {
    file.pages[1].crc32c ^= 1U;
    file.hash.hex = sha256("other").hex();
  });
  EXPECT_TRUE(verify("sample=100%").good());
  EXPECT_EQ(verify("full").mismatches.at(0).kind, MismatchKind::hash);
}

TEST_F(VerifyTest, LevelsThatAreNoneAreRefused) {
  VerifyRequest request;
  for (const char* level : {"", "all", "sample=", "sample=0%", "sample=101%", "sample=1", "sample=x%"}) {
    EXPECT_FALSE(parse_verify_level(level, request)) << level;
  }
}

TEST_F(VerifyTest, UnknownNamespacesAndVersionsAreNamedSo) {
  VerifyRequest request;
  request.ns = "nobody";
  EXPECT_EQ(Verifier(bench_.parts(*store_)).verify(request).error().code, ErrorCode::no_such_namespace);
  request.ns = "demo";
  request.version = 9;
  EXPECT_EQ(Verifier(bench_.parts(*store_)).verify(request).error().code, ErrorCode::no_such_version);
}

TEST_F(VerifyTest, VersionsAreListedComparedAndRolledBack) {
  publish(Tree{{"b", "changed"}, {"c", "new"}});
  Versions versions(bench_.parts(*store_));
  const auto list = versions.list("demo");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_TRUE((*list)[1].is_head);
  EXPECT_EQ((*list)[1].info->files, 4U);
  const auto changes = versions.diff("demo", 1, 2);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_EQ((*changes)[0].path, "b");
  EXPECT_EQ((*changes)[0].kind, ChangeKind::changed);
  EXPECT_EQ((*changes)[1].kind, ChangeKind::added);
  EXPECT_EQ(versions.diff("demo", 2, 1)->at(1).kind, ChangeKind::removed);

  EXPECT_EQ(versions.rollback("demo", 7).error().code, ErrorCode::no_such_version);
  EXPECT_EQ(versions.rollback("demo", 1, 1).error().code, ErrorCode::conflict);
  EXPECT_EQ(versions.rollback("demo", 1), 2U);
  EXPECT_EQ(head_of(*store_, "demo"), 1U);
  publish(Tree{{"d", "after"}});
  EXPECT_EQ(head_of(*store_, "demo"), 3U);  // numbering goes on from the highest
  EXPECT_EQ(versions.load("demo", {})->parents, std::vector<std::uint64_t>{1});
  const auto names = versions.namespaces();
  ASSERT_TRUE(names);
  ASSERT_EQ(names->size(), 1U);
  EXPECT_EQ((*names)[0].head, 3U);
  EXPECT_EQ(versions.show_namespace("none").error().code, ErrorCode::no_such_namespace);
}

}  // namespace
}  // namespace seekfs::publish
