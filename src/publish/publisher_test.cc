// Publishing end to end on a store in memory: what a version holds, what is read and uploaded for it, what is refused.
#include "publish/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "manifest/layout.h"
#include "manifest/manifest_testing.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"
#include "publish/namespace_state.h"
#include "publish/publish_testing.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using ::testing::HasSubstr;

class PublisherTest : public ::testing::Test {
 protected:
  PublishReport publish(const PublishRequest& request) {
    auto report = Publisher(bench_.parts(*store_)).publish(request);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? *report : PublishReport();
  }
  PublishReport publish() { return publish(request_for("demo", source_)); }
  Error refuse(const PublishRequest& request) {
    auto report = Publisher(bench_.parts(*store_)).publish(request);
    EXPECT_FALSE(report);
    return report ? Error(ErrorCode::internal, "published") : report.error();
  }
  Tree head() { return read_head_version(*store_, "demo"); }

  Workbench bench_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_mem_store(bench_.clock());
  SourceTree source_;
};

TEST_F(PublisherTest, APublishedDirectoryReadsBackByteForByte) {
  Tree tree;
  for (const std::uint64_t size : {0, 1, 262143, 262144, 262145, 1000000}) {
    const std::string path = "dir/ü " + std::to_string(size) + ".bin";
    tree[path] = manifest::oracle_content("demo", path, 1, size);
  }
  tree["copy"] = tree["dir/ü 1000000.bin"];
  source_.write(tree);
  const PublishReport report = publish();
  EXPECT_EQ(report.version, 1U);
  EXPECT_EQ(report.files, tree.size());
  EXPECT_EQ(report.added, tree.size());
  EXPECT_EQ(report.uploaded_objects, tree.size() - 1);  // the copy costs nothing
  EXPECT_EQ(report.reused_files, 1U);
  EXPECT_EQ(head(), tree);
  const auto info = load_info(*store_, "demo", 1);
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->files, tree.size());
  EXPECT_EQ((*info)->bytes, report.bytes);
}

TEST_F(PublisherTest, OneFileIsPublishedUnderItsName) {
  source_.write("a/b.bin", "content");
  PublishRequest request = request_for("demo", source_);
  request.source = LocalSource{.path = source_.path_of("a/b.bin")};
  publish(request);
  EXPECT_EQ(head(), (Tree{{"b.bin", "content"}}));
}

TEST_F(PublisherTest, NothingChangedMakesNoVersion) {
  source_.write(Tree{{"a", "1"}, {"b", "2"}});
  publish();
  const PublishReport again = publish();
  EXPECT_FALSE(again.version);
  EXPECT_EQ(again.parent, 1U);
  EXPECT_EQ(again.files, 2U);
  EXPECT_EQ(again.uploaded_objects, 0U);
  EXPECT_EQ(head_of(*store_, "demo"), 1U);
}

TEST_F(PublisherTest, FilesThatAreNotNamedStay) {
  source_.write(Tree{{"a", "1"}, {"b", "2"}});
  publish();
  source_.remove("a");
  source_.write(Tree{{"b", "two"}, {"c", "3"}});
  const PublishReport report = publish();
  EXPECT_EQ(report.version, 2U);
  EXPECT_EQ(report.added, 1U);
  EXPECT_EQ(report.changed, 1U);
  EXPECT_EQ(report.removed, 0U);
  EXPECT_EQ(head(), (Tree{{"a", "1"}, {"b", "two"}, {"c", "3"}}));
  EXPECT_EQ(read_version(*store_, "demo", 1), (Tree{{"a", "1"}, {"b", "2"}}));
}

TEST_F(PublisherTest, ReplaceMakesTheSourceTheWholeVersion) {
  source_.write(Tree{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  publish();
  source_.remove("a");
  source_.remove("b");
  source_.write("d", "4");
  PublishRequest request = request_for("demo", source_);
  request.replace = true;
  EXPECT_THAT(refuse(request).message, HasSubstr("--max-delete 2"));  // 10 % of three files, rounded up, is one
  request.max_delete = *parse_max_delete("2");
  publish(request);
  EXPECT_EQ(head(), (Tree{{"c", "3"}, {"d", "4"}}));
}

TEST_F(PublisherTest, DeletionsLeaveTombstones) {
  source_.write(Tree{{"a", "1"}, {"b", "2"}, {"dir/c", "3"}, {"dir/d", "4"}, {"directory", "5"}});
  publish();
  source_.remove("dir/c");
  source_.remove("directory");
  PublishRequest request = request_for("demo", source_);
  source_.remove("b");
  request.delete_paths = {"b", "no-such"};
  request.delete_missing = {"dir"};
  request.max_delete.files = 2;
  const PublishReport report = publish(request);
  EXPECT_EQ(report.removed, 2U);
  EXPECT_EQ(report.delete_not_found, std::vector<std::string>{"no-such"});
  EXPECT_EQ(head(), (Tree{{"a", "1"}, {"dir/d", "4"}, {"directory", "5"}}));
  const auto manifest = load_manifest(*store_, "demo", 2);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->tombstones, (std::vector<std::string>{"b", "dir/c"}));
  EXPECT_EQ(manifest->parents, std::vector<std::uint64_t>{1});
}

TEST_F(PublisherTest, DeletingMoreThanAllowedIsStopped) {
  Tree tree;
  for (int i = 0; i < 20; ++i) tree["f" + std::to_string(i)] = std::to_string(i);
  source_.write(tree);
  publish();
  PublishRequest request = request_for("demo", source_);
  request.delete_missing = {""};
  for (const char* path : {"f1", "f2", "f3"}) {
    source_.remove(path);
    tree.erase(path);
  }
  const Error error = refuse(request);
  EXPECT_EQ(error.code, ErrorCode::bad_request);
  EXPECT_THAT(error.message, HasSubstr("3 of 20 files would be deleted, 'f1' among them, and at most 2 may be"));
  EXPECT_EQ(head_of(*store_, "demo"), 1U);
  request.max_delete = *parse_max_delete("15%");
  EXPECT_EQ(publish(request).removed, 3U);
  EXPECT_EQ(head(), tree);
}

TEST_F(PublisherTest, FilteredFilesAreNeitherPublishedNorMissing) {
  source_.write(Tree{{"a.bin", "1"}, {"b.txt", "2"}, {"tmp/c.bin", "3"}});
  publish();
  PublishRequest request = request_for("demo", source_);
  request.include = {"*.bin"};
  request.exclude = {"tmp/"};
  request.delete_missing = {""};
  source_.write("b.txt", "changed");
  source_.remove("tmp");
  const PublishReport report = publish(request);
  EXPECT_FALSE(report.version);
  EXPECT_EQ(report.source_files, 1U);
  EXPECT_EQ(report.skipped.filtered, 1U);
}

TEST_F(PublisherTest, ADryRunWritesNothing) {
  source_.write(Tree{{"a", "1"}, {"b", "2"}});
  PublishRequest request = request_for("demo", source_);
  request.dry_run = true;
  const PublishReport report = publish(request);
  EXPECT_FALSE(report.version);
  EXPECT_EQ(report.added, 2U);
  EXPECT_EQ(report.uploaded_objects, 2U);
  std::size_t objects = 0;
  ASSERT_TRUE(for_each_object(*store_, "", [&](objectstore::ObjectInfo&&) -> Status {
    ++objects;
    return {};
  }));
  EXPECT_EQ(objects, 0U);
}

TEST_F(PublisherTest, AFileThatWouldBeAFolderIsRefused) {
  source_.write("a", "file");
  publish();
  source_.remove("a");
  source_.write("a/b", "in a folder");
  const Error error = refuse(request_for("demo", source_));
  EXPECT_EQ(error.code, ErrorCode::invalid_path);
  EXPECT_THAT(error.message, HasSubstr("'a' cannot be published beside 'a/b'"));
  PublishRequest request = request_for("demo", source_);
  request.delete_paths = {"a"};
  publish(request);
  EXPECT_EQ(head(), (Tree{{"a/b", "in a folder"}}));
}

TEST_F(PublisherTest, TheOlderLayoutNamesPathAndHash) {
  source_.write("x/y", "content");
  PublishRequest request = request_for("demo", source_);
  request.layout = Layout::files;
  publish(request);
  const auto manifest = load_manifest(*store_, "demo", 1);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->files[0].storage.key, manifest::file_key("demo", "x/y", sha256("content")));
  EXPECT_EQ(head(), (Tree{{"x/y", "content"}}));
}

TEST_F(PublisherTest, AChosenPageSizeHoldsForNewContentOnly) {
  source_.write("old", std::string(200000, 'x'));
  publish();
  source_.write("new", std::string(200000, 'y'));
  PublishRequest request = request_for("demo", source_);
  request.page_size = 65536;
  publish(request);
  const auto manifest = load_manifest(*store_, "demo", 2);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->files[0].pages.size(), 4U);
  EXPECT_EQ(manifest->files[1].pages.size(), 1U);
  request.page_size = 100000;
  EXPECT_EQ(refuse(request).code, ErrorCode::bad_request);
}

TEST_F(PublisherTest, TheParentCanBePinned) {
  source_.write("a", "1");
  PublishRequest request = request_for("demo", source_);
  request.if_parent = 1;
  EXPECT_EQ(refuse(request).code, ErrorCode::conflict);
  request.if_parent = 0;
  publish(request);
  EXPECT_EQ(refuse(request).code, ErrorCode::conflict);
}

TEST_F(PublisherTest, TheHashCacheSparesReading) {
  source_.write(Tree{{"a", "1"}, {"b", "2"}});
  SourceTree caches;
  PublishRequest request = request_for("demo", source_);
  request.hash_cache_path = caches.path_of("cache");
  EXPECT_EQ(publish(request).hashed_files, 2U);
  EXPECT_EQ(publish(request).hashed_files, 0U);
  source_.write("a", "x");
  const PublishReport changed = publish(request);
  EXPECT_EQ(changed.hashed_files, 1U);
  EXPECT_EQ(changed.changed, 1U);
  request.checksum = true;
  EXPECT_EQ(publish(request).hashed_files, 2U);
  request.ns = "other";
  request.checksum = false;
  EXPECT_EQ(publish(request).hashed_files, 0U);
  EXPECT_EQ(read_head_version(*store_, "other"), (Tree{{"a", "x"}, {"b", "2"}}));
}

TEST_F(PublisherTest, ChecksumFindsLostObjectsAndPutsThemAgain) {
  source_.write(Tree{{"a", "1"}, {"b", "2"}});
  publish();
  const std::string key = manifest::object_key("demo", sha256("1"));
  ASSERT_TRUE(put_text(*store_, key, "damaged"));
  PublishRequest request = request_for("demo", source_);
  EXPECT_EQ(publish(request).uploaded_objects, 0U);
  request.checksum = true;
  EXPECT_EQ(publish(request).uploaded_objects, 1U);
  EXPECT_EQ(head(), (Tree{{"a", "1"}, {"b", "2"}}));
}

TEST_F(PublisherTest, AStoreThatIgnoresConditionsIsFoundOut) {
  class Careless final : public StoreAround {
   public:
    using StoreAround::StoreAround;
    async::Task<objectstore::PutReply> put(std::string key, objectstore::BodySource& body, objectstore::PutOptions,
                                           objectstore::RequestOptions options) override {
      return StoreAround::put(std::move(key), body, {}, options);
    }
    std::string description() const override { return "careless"; }
  };
  Careless careless(*store_);
  source_.write("a", "1");
  PublishRequest request = request_for("demo", source_);
  auto report = Publisher(bench_.parts(careless)).publish(request);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::invalid);
  EXPECT_THAT(report.error().message, HasSubstr("careless ignores If-None-Match"));
  request.unsafe_no_conditional_put = true;
  ASSERT_TRUE(Publisher(bench_.parts(careless)).publish(request));
  source_.write("a", "2");
  ASSERT_TRUE(Publisher(bench_.parts(careless)).publish(request));
  EXPECT_EQ(head(), (Tree{{"a", "2"}}));
}

TEST_F(PublisherTest, NamesThatCannotBePublishedAreNamedBeforeAnythingIsUploaded) {
  source_.write(Tree{{"good", "1"}, {"bad\xff", "2"}, {"line\nbreak", "3"}});
  const Error error = refuse(request_for("demo", source_));
  EXPECT_EQ(error.code, ErrorCode::invalid_path);
  EXPECT_THAT(error.message, HasSubstr("bad\\xff"));
  EXPECT_THAT(error.message, HasSubstr("line\\x0abreak"));
  EXPECT_EQ(head_of(*store_, "demo"), 0U);
}

TEST_F(PublisherTest, AFileThatChangesWhileItIsUploadedIsRefused) {
  source_.write("a", "original");
  const auto faulty = objectstore::make_faulty_store(*store_, [&](objectstore::StoreOp op, const std::string& key) {
    objectstore::StoreFault fault;
    if (op == objectstore::StoreOp::put && key.find("/objects/") != std::string::npos) {
      fault.before = [&] { source_.write("a", "0riginal"); };
    }
    return fault;
  });
  auto report = Publisher(bench_.parts(*faulty)).publish(request_for("demo", source_));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::source_changed);
  EXPECT_THAT(report.error().message, HasSubstr(source_.path_of("a")));
  EXPECT_EQ(head_of(*store_, "demo"), 0U);
}

}  // namespace
}  // namespace seekfs::publish
