// Walks over directories with links, devices and bad names, and adoption of objects.
#include "publish/source_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "objectstore/mem_store.h"
#include "publish/namespace_state.h"
#include "publish/publish_testing.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> paths(const SourceList& list) {
  std::vector<std::string> found;
  for (const SourceFile& file : list.files) found.push_back(file.path);
  return found;
}

class ScanLocalTest : public ::testing::Test {
 protected:
  Result<SourceList> scan(SymlinkPolicy symlinks = SymlinkPolicy::follow) {
    return scan_local(env::posix_file_system(), {.path = source_.path(), .symlinks = symlinks}, PathFilter());
  }
  void link(const std::string& target, const std::string& name) { fs::create_symlink(target, source_.path_of(name)); }
  SourceTree source_;
};

TEST_F(ScanLocalTest, LinksInsideAreFollowed) {
  source_.write("dir/file", "12345");
  link("dir/file", "to_file");
  link("dir", "to_dir");
  const auto list = scan();
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_THAT(paths(*list), ElementsAre("dir/file", "to_dir/file", "to_file"));
  EXPECT_EQ(list->bytes, 15U);
  const auto skipped = scan(SymlinkPolicy::skip);
  EXPECT_THAT(paths(*skipped), ElementsAre("dir/file"));
  EXPECT_EQ(skipped->skipped.symlinks, 2U);
  EXPECT_THAT(scan(SymlinkPolicy::fail).error().message, HasSubstr("'to_dir' is a symbolic link"));
}

TEST_F(ScanLocalTest, LinksThatLeadOutsideNowhereOrUpAreRefusedByName) {
  source_.write("dir/file", "1");
  SourceTree outside;
  link(outside.path(), "out");
  link("no-such", "dangling");
  link("..", "dir/up");
  link("loop", "loop");
  const auto list = scan();
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::invalid_path);
  for (const char* name : {"'out' is a symbolic link that leads outside",
                           "'dangling' is a symbolic link that leads "
                           "nowhere",
                           "'dir/up' is a symbolic link to a folder that it lies in", "'loop'"}) {
    EXPECT_THAT(list.error().message, HasSubstr(name));
  }
  EXPECT_TRUE(scan(SymlinkPolicy::skip));
}

TEST_F(ScanLocalTest, DevicesAndFifosAreSkippedAndCounted) {
  source_.write("file", "1");
  ASSERT_EQ(mkfifo(source_.path_of("fifo").c_str(), 0600), 0);
  const auto list = scan();
  ASSERT_TRUE(list);
  EXPECT_THAT(paths(*list), ElementsAre("file"));
  EXPECT_EQ(list->skipped.special, 1U);
}

TEST_F(ScanLocalTest, ManyBadNamesAreCounted) {
  for (int i = 0; i < 15; ++i) source_.write("bad\x01" + std::to_string(i), "x");
  const auto list = scan();
  ASSERT_FALSE(list);
  EXPECT_THAT(list.error().message, HasSubstr("and 5 more"));
}

TEST_F(ScanLocalTest, PathsOverTheLimitAreRefused) {
  std::string deep;
  for (int i = 0; i < 9; ++i) deep += std::string(100, 'd') + "/";
  source_.write(deep + "file", "x");
  const auto list = scan();
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::invalid_path);
}

TEST_F(ScanLocalTest, ASourceThatIsNotThereIsNotFound) {
  const auto list = scan_local(env::posix_file_system(), {.path = source_.path_of("no")}, PathFilter());
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::not_found);
}

class AdoptTest : public ::testing::Test {
 protected:
  void put(const std::string& key, const std::string& body) { ASSERT_TRUE(put_text(*store_, key, body)); }
  Result<PublishReport> adopt(const std::string& prefix, BadKeys bad_keys = BadKeys::fail) {
    PublishRequest request;
    request.ns = "demo";
    request.source = StoreSource{.prefix = prefix, .bad_keys = bad_keys};
    return Publisher(bench_.parts(*store_)).publish(request);
  }
  Workbench bench_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_mem_store(bench_.clock());
};

TEST_F(AdoptTest, ObjectsArePublishedWhereTheyLie) {
  put("bucket/data/a", "one");
  put("bucket/data/sub/b", "two");
  put("bucket/database", "not below");
  const auto report = adopt("bucket/data");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->uploaded_objects, 0U);
  EXPECT_EQ(report->hashed_files, 2U);
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "one"}, {"sub/b", "two"}}));
  EXPECT_EQ(load_manifest(*store_, "demo", 1)->files[0].storage.key, "bucket/data/a");
  const auto again = adopt("bucket/data/");
  EXPECT_FALSE(again->version);
  EXPECT_EQ(again->hashed_files, 0U);
  put("bucket/data/a", "changed");
  EXPECT_EQ(adopt("bucket/data/")->hashed_files, 1U);
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "changed"}, {"sub/b", "two"}}));
}

TEST_F(AdoptTest, OneObjectIsPublishedUnderItsLastSegment) {
  put("bucket/data/a", "one");
  ASSERT_TRUE(adopt("bucket/data/a"));
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "one"}}));
}

TEST_F(AdoptTest, KeysThatMakeNoPathAreRefusedOrSkippedAndNamed) {
  for (const char* key : {"d/x/", "d/a//b", "d/f", "d/f/g", "d/good"}) put(key, "x");
  const auto refused = adopt("d/");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_path);
  EXPECT_THAT(refused.error().message, HasSubstr("--bad-keys skip"));
  const auto skipped = adopt("d/", BadKeys::skip);
  ASSERT_TRUE(skipped) << skipped.error().message;
  EXPECT_EQ(skipped->skipped.bad_keys, 3U);
  EXPECT_THAT(skipped->skipped.bad_key_names, ElementsAre("'d/a//b'", "'d/x/'", "'d/f'"));
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"f/g", "x"}, {"good", "x"}}));
}

TEST_F(AdoptTest, SeekFsOwnKeysAreLeftOut) {
  SourceTree source;
  source.write("uploaded", "1");
  ASSERT_TRUE(Publisher(bench_.parts(*store_)).publish(request_for("first", source)));
  put("namespaces/first/files/mine", "2");
  const auto report = adopt("");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GT(report->skipped.own_keys, 3U);
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"namespaces/first/files/mine", "2"}}));
}

TEST_F(AdoptTest, AnEmptyPrefixIsNotFound) {
  const auto report = adopt("nothing/here");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace seekfs::publish
