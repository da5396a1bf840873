// Attempts to reach, by a key or by links below the root, what lies outside of an fs store.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "async/sync_wait.h"
#include "objectstore/fs_store_testing.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FsEscape : public testing::Test {
 protected:
  FsEscape() {
    write_text(store_.outside() / "secret", "secret");
    write_text(store_.outside() / "outdir" / "secret", "secret");
    write_text(store_.root() / "dir" / "object", "inside");
  }

  ~FsEscape() override {
    EXPECT_EQ(read_text(store_.outside() / "secret"), "secret");
    EXPECT_EQ(read_text(store_.outside() / "outdir" / "secret"), "secret");
    EXPECT_EQ(std::distance(fs::directory_iterator(store_.outside()), {}), 3) << "something was created outside";
    EXPECT_EQ(std::distance(fs::directory_iterator(store_.outside() / "outdir"), {}), 1);
  }

  Result<std::string> read(const std::string& key) {
    StringSink sink(1000);
    SEEKFS_TRY(async::sync_wait(store_.store().get({.key = key}, std::nullopt, sink, {})));
    return sink.take();
  }
  Result<ObjectInfo> head(const std::string& key) { return async::sync_wait(store_.store().head({.key = key}, {})); }
  Result<PutReply> put(const std::string& key, PutOptions conditions = {}) {
    return async::sync_wait(put_small(store_.store(), key, "hostile", std::move(conditions), {}));
  }
  Status remove(const std::string& key) { return async::sync_wait(store_.store().remove({.key = key}, {})); }
  std::vector<std::string> list(ListRequest request = {}) {
    const Result<ListReply> reply = async::sync_wait(store_.store().list(std::move(request), {}));
    std::vector<std::string> keys;
    if (!reply) return {reply.error().message};
    for (const ObjectInfo& object : reply->objects) keys.push_back(object.key);
    return keys;
  }
  void link(const std::string& target, const std::string& name) { fs::create_symlink(target, store_.root() / name); }

  FsStoreForTest store_;
};

TEST_F(FsEscape, HostileKeysAreInvalid) {
  const std::string nul(1, '\0');
  const std::vector<std::string> keys = {"",
                                         ".",
                                         "..",
                                         "/",
                                         "//",
                                         "///",
                                         "../secret",
                                         "../outdir/secret",
                                         "../../etc/passwd",
                                         "/etc/passwd",
                                         "//etc/passwd",
                                         "dir/../../secret",
                                         "dir/../dir/object",
                                         "dir/./object",
                                         "./dir/object",
                                         "dir//object",
                                         "dir/",
                                         "dir/object/",
                                         "dir/..",
                                         "dir/.",
                                         "dir/object/..",
                                         "dir/object/../object",
                                         "../root/dir/object",
                                         "../root",
                                         "./",
                                         "../",
                                         "..//secret",
                                         "/../secret",
                                         "/./secret",
                                         "absent/../../secret",
                                         "absent/../dir/object",
                                         "a/b/../../../secret",
                                         "dir/object" + nul,
                                         "dir/object" + nul + "/../../secret",
                                         nul,
                                         nul + "dir/object",
                                         "../secret" + nul,
                                         ".seekfs",
                                         ".seekfs/",
                                         ".seekfs/lock",
                                         ".seekfs/tmp",
                                         ".seekfs/tmp/x",
                                         ".seekfs/../dir/object",
                                         "./.seekfs/lock",
                                         "dir/../.seekfs/lock",
                                         "../root/.seekfs/lock",
                                         std::string(256, 'a'),
                                         "dir/" + std::string(256, 'a') + "/x",
                                         std::string(1025, 'a'),
                                         std::string(100'000, '/')};
  ASSERT_GE(keys.size(), 40U);
  for (const std::string& key : keys) {
    SCOPED_TRACE(testing::PrintToString(key.substr(0, 100)));
    const auto is_invalid = [](const auto& result) { return !result && result.error().code == ErrorCode::invalid; };
    EXPECT_TRUE(is_invalid(store_.store().check_key(key)));
    EXPECT_TRUE(is_invalid(read(key)));
    EXPECT_TRUE(is_invalid(head(key)));
    EXPECT_TRUE(is_invalid(put(key)));
    EXPECT_TRUE(is_invalid(put(key, {.if_none_match = true})));
    EXPECT_TRUE(is_invalid(remove(key)));
  }
  EXPECT_EQ(list(), std::vector<std::string>{"dir/object"});
}

TEST_F(FsEscape, LinksThatLeadOutAreDenied) {
  link("../secret", "out-file");
  link((store_.outside() / "secret").string(), "out-absolute");
  link("../outdir", "out-dir");
  link((store_.outside() / "outdir").string(), "out-dir-absolute");
  link("..", "up");
  link("out-dir", "chain");
  link("dir/../../outdir", "through");
  link("/proc/self/cwd", "magic");
  link((store_.root() / "dir").string(), "absolute-inside");
  for (const std::string key :
       {"out-file", "out-absolute", "out-dir/secret", "out-dir-absolute/secret", "up/secret", "up/outdir/secret",
        "up/root/dir/object", "chain/secret", "through/secret", "magic/passwd", "absolute-inside/object"}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(read(key).error().code, ErrorCode::denied);
    EXPECT_EQ(head(key).error().code, ErrorCode::denied);
    EXPECT_EQ(put(key, {.if_none_match = true}).error().code, ErrorCode::denied);
  }
  for (const std::string key : {"out-dir/new", "up/new", "up/outdir/new", "chain/new/deeper", "magic/new",
                                "through/new", "out-dir/secret", "up/secret"}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(put(key).error().code, ErrorCode::denied);
    EXPECT_EQ(remove(key).error().code, ErrorCode::denied);
  }
  EXPECT_EQ(list(), std::vector<std::string>{"dir/object"});
  for (const std::string prefix : {"up/", "out-dir/", "chain/", "up/outdir/s", "../", "out-file"}) {
    EXPECT_EQ(list({.prefix = prefix}), std::vector<std::string>{}) << prefix;
  }
}

TEST_F(FsEscape, APutOrRemoveActsOnTheLinkItself) {
  link("../secret", "replaced");
  link("../secret", "removed");
  EXPECT_TRUE(put("replaced"));
  EXPECT_FALSE(fs::is_symlink(store_.root() / "replaced"));
  EXPECT_EQ(read("replaced").value_or("error"), "hostile");
  EXPECT_TRUE(remove("removed"));
  EXPECT_FALSE(fs::exists(fs::symlink_status(store_.root() / "removed")));
}

TEST_F(FsEscape, LinksInsideAreFollowedToFiles) {
  link("dir/object", "alias");
  link("../dir/object", "dir/up-and-down");
  link("dir", "dir-alias");
  link("absent", "dangling");
  link("loop", "loop");
  EXPECT_EQ(read("alias").value_or("error"), "inside");
  EXPECT_EQ(read("dir/up-and-down").value_or("error"), "inside");
  EXPECT_EQ(read("dir-alias/object").value_or("error"), "inside");
  EXPECT_EQ(read("dangling").error().code, ErrorCode::not_found);
  EXPECT_EQ(read("loop").error().code, ErrorCode::not_found);
  EXPECT_EQ(list(), (std::vector<std::string>{"alias", "dir/object", "dir/up-and-down"}));
  EXPECT_EQ(list({.prefix = "dir-alias/"}), std::vector<std::string>{});
}

TEST_F(FsEscape, ListsEndInSpiteOfCycles) {
  link(".", "self");
  link("..", "dir/parent");
  link("../dir", "dir/again");
  EXPECT_EQ(list(), std::vector<std::string>{"dir/object"});
}

TEST_F(FsEscape, ADirectorySwappedForALinkIsNotFollowedOut) {
  // Between any two system calls of an operation the directory may become a link that leads out and back.
  const fs::path dir = store_.root() / "swapped";
  const fs::path other = store_.root() / "link";
  fs::create_directory(dir);
  link("../outdir", "link");
  std::atomic<bool> done = false;
  std::jthread swapper([&] {
    while (!done) EXPECT_EQ(::renameat2(AT_FDCWD, dir.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE), 0);
  });
  for (int i = 0; i < 2000; ++i) {
    static_cast<void>(put("swapped/new"));
    const Result<std::string> body = read("swapped/secret");
    EXPECT_FALSE(body);
  }
  done = true;
}

TEST_F(FsEscape, WhatIsNoFileIsNoObject) {
  ASSERT_EQ(::mkfifo((store_.root() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read("fifo").error().code, ErrorCode::not_found);
  EXPECT_EQ(read("dir").error().code, ErrorCode::not_found);
  EXPECT_EQ(list(), std::vector<std::string>{"dir/object"});
  const Result<PutReply> over_directory = put("dir");
  EXPECT_EQ(over_directory.error().code, ErrorCode::invalid);
  const Result<PutReply> below_object = put("dir/object/below");
  EXPECT_EQ(below_object.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace seekfs::objectstore
