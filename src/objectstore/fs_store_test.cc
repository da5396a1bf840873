// What the fs store promises beyond the contract: its root, its own folder, failing disks, files changed by others.
#include "objectstore/fs_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "async/sync_wait.h"
#include "base/sha256.h"
#include "env/faulty_file_system.h"
#include "objectstore/fs_store_testing.h"
#include "objectstore/object_store_contract_testing.h"

namespace seekfs::objectstore {
namespace {

namespace fs = std::filesystem;

Result<PutReply> put(ObjectStore& store, const std::string& key, std::string body, PutOptions conditions = {}) {
  return async::sync_wait(put_small(store, key, std::move(body), std::move(conditions), {}));
}

Result<std::string> read(ObjectStore& store, ObjectRef object) {
  StringSink sink(10'000'000);
  SEEKFS_TRY(async::sync_wait(store.get(std::move(object), std::nullopt, sink, {})));
  return sink.take();
}

/// The code with which each operation fails; success is nothing.
std::vector<std::optional<ErrorCode>> codes_of_all_operations(ObjectStore& store) {
  return {code_of(async::sync_wait(store.head({.key = "a"}, {}))),
          code_of(read(store, {.key = "a"})),
          code_of(put(store, "a", "x")),
          code_of(put(store, "b", "x", {.if_none_match = true})),
          code_of(async::sync_wait(store.list({}, {}))),
          code_of(async::sync_wait(store.remove({.key = "a"}, {})))};
}

std::size_t temporary_files(const fs::path& root) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(root / ".seekfs/tmp"), {}));
}

TEST(FsStoreRoot, AMissingRootIsTransientForEveryOperation) {
  FsStoreForTest test;
  fs::remove_all(test.root());
  for (const auto& code : codes_of_all_operations(test.store())) EXPECT_EQ(code, ErrorCode::transient);
  EXPECT_EQ(code_of(async::sync_wait(test.store().flush({}))), ErrorCode::transient);
  EXPECT_FALSE(fs::exists(test.root())) << "only create_fs_store_root makes a root";
  const auto head = async::sync_wait(test.store().head({.key = "a"}, {}));
  EXPECT_NE(head.error().message.find(test.root().string()), std::string::npos) << head.error().message;
}

TEST(FsStoreRoot, AnEmptyMountPointIsTransientForEveryOperation) {
  FsStoreForTest test;
  fs::remove_all(test.root());
  fs::create_directory(test.root());
  for (const auto& code : codes_of_all_operations(test.store())) EXPECT_EQ(code, ErrorCode::transient);
  EXPECT_TRUE(fs::is_empty(test.root()));
}

TEST(FsStoreRoot, ADirectoryOfFilesIsAStoreWithoutPreparation) {
  FsStoreForTest test;
  fs::remove_all(test.root());
  fs::create_directory(test.root());
  std::ofstream(test.root() / "there") << "x";
  EXPECT_EQ(code_of(read(test.store(), {.key = "absent"})), ErrorCode::not_found);
  EXPECT_EQ(read(test.store(), {.key = "there"}).value_or("error"), "x");
  EXPECT_FALSE(fs::exists(test.root() / ".seekfs")) << "reading must not write";
  EXPECT_TRUE(put(test.store(), "new", "x"));
}

TEST(FsStoreRoot, AFileInPlaceOfTheRootIsTransient) {
  FsStoreForTest test;
  fs::remove_all(test.root());
  std::ofstream(test.root()) << "not a directory";
  for (const auto& code : codes_of_all_operations(test.store())) EXPECT_EQ(code, ErrorCode::transient);
}

TEST(FsStoreRoot, ComesBackWithoutRestart) {
  FsStoreForTest test;
  ASSERT_TRUE(put(test.store(), "dir/a", "x"));
  const fs::path away = test.outside() / "away";
  fs::rename(test.root(), away);
  EXPECT_EQ(code_of(read(test.store(), {.key = "dir/a"})), ErrorCode::transient);
  fs::rename(away, test.root());
  EXPECT_EQ(read(test.store(), {.key = "dir/a"}).value_or("error"), "x");
}

TEST(FsStoreRoot, ReplacedByAnotherTreeIsReadAnew) {
  FsStoreForTest test;
  ASSERT_TRUE(put(test.store(), "a", "old tree"));
  fs::rename(test.root(), test.outside() / "old");
  ASSERT_TRUE(create_fs_store_root(env::posix_file_system(), test.root().string()));
  EXPECT_EQ(code_of(read(test.store(), {.key = "a"})), ErrorCode::not_found);
  ASSERT_TRUE(put(test.store(), "a", "new tree"));
  EXPECT_EQ(read(test.store(), {.key = "a"}).value_or("error"), "new tree");
}

TEST(FsStoreEtag, IsTheContentsHashUpTo64KiB) {
  FsStoreForTest test;
  for (const std::size_t size : {0UL, 1UL, 65536UL}) {
    const std::string body = patterned_body(size, 1);
    EXPECT_EQ(put(test.store(), "a", body)->etag, "\"" + sha256(body).hex() + "\"");
  }
  const std::string body = patterned_body(65537, 1);
  EXPECT_NE(put(test.store(), "a", body)->etag, "\"" + sha256(body).hex() + "\"");
}

TEST(FsStoreEtag, OfLargeObjectsDiffersFromPutToPut) {
  // Inode numbers come back and the file system's clock ticks slowly; the ETag must not repeat all the same.
  FsStoreForTest test;
  const std::string body = patterned_body(65537, 1);
  std::vector<std::string> etags;
  for (int i = 0; i < 300; ++i) {
    etags.push_back(put(test.store(), "a", body)->etag);
    ASSERT_TRUE(async::sync_wait(test.store().remove({.key = "a"}, {})));
  }
  std::ranges::sort(etags);
  EXPECT_EQ(std::ranges::adjacent_find(etags), etags.end());
}

TEST(FsStoreEtag, OfLargeObjectsHoldsARandomPart) {
  FsStoreForTest test;
  const auto random = env::make_seeded_random(5);
  async::ThreadPool pool("etag", 1);
  const auto store = make_fs_store(test.root(), {env::posix_file_system(), test.clock(), *random, pool});
  ASSERT_TRUE(put(*store, "a", patterned_body(65537, 1)));
  const auto twin = env::make_seeded_random(5);
  static_cast<void>(twin->next());  // the temporary file's name
  const auto info = env::posix_file_system().stat(test.root() / "a");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->mtime_ns % 1'000'000, static_cast<std::int64_t>(twin->below(1'000'000)));
}

TEST(FsStoreEtag, SeesAChangeInPlace) {
  FsStoreForTest test;
  const std::string etag = put(test.store(), "a", patterned_body(100'000, 1))->etag;
  {
    std::fstream file(test.root() / "a", std::ios::in | std::ios::out);
    file << "changed";
  }
  EXPECT_EQ(code_of(read(test.store(), {.key = "a", .if_match = etag})), ErrorCode::precondition_failed);
}

/// Does something to the store's files once, between the first piece of a body and the second.
class MeddlingSink final : public BodySink {
 public:
  explicit MeddlingSink(std::function<void()> meddle) : meddle_(std::move(meddle)) {}
  std::span<std::byte> prepare() override { return piece_; }
  void commit(std::size_t count) override {
    body_.append(reinterpret_cast<const char*>(piece_.data()), count);
    if (auto meddle = std::exchange(meddle_, nullptr)) meddle();
  }
  const std::string& body() const { return body_; }

 private:
  std::vector<std::byte> piece_ = std::vector<std::byte>(10'000);
  std::function<void()> meddle_;
  std::string body_;
};

TEST(FsStoreGet, NoticesAFileThatChangesMeanwhile) {
  const auto change = [](const fs::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out);
    file.seekp(90'000);
    file << "changed";
  };
  const auto grow = [](const fs::path& path) { std::ofstream(path, std::ios::app) << "more"; };
  const auto shrink = [](const fs::path& path) { fs::resize_file(path, 20'000); };
  for (const std::function<void(const fs::path&)>& meddle :
       {std::function<void(const fs::path&)>(change), std::function<void(const fs::path&)>(grow),
        std::function<void(const fs::path&)>(shrink)}) {
    FsStoreForTest test;
    for (const bool pinned : {true, false}) {
      const std::string etag = put(test.store(), "a", patterned_body(100'000, 1))->etag;
      // Far enough in the past that a change is a new time whatever the clock's resolution.
      const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
      ASSERT_EQ(::utimensat(AT_FDCWD, (test.root() / "a").c_str(), old, 0), 0);
      ObjectRef object{.key = "a"};
      if (pinned) object.if_match = async::sync_wait(test.store().head(object, {}))->etag;
      MeddlingSink sink([&] { meddle(test.root() / "a"); });
      EXPECT_EQ(code_of(async::sync_wait(test.store().get(object, std::nullopt, sink, {}))),
                pinned ? ErrorCode::precondition_failed : ErrorCode::transient);
    }
  }
}

TEST(FsStoreGet, DeliversAnObjectThatIsReplacedMeanwhileWhole) {
  FsStoreForTest test;
  const std::string body = patterned_body(100'000, 1);
  const std::string etag = put(test.store(), "a", body)->etag;
  MeddlingSink replaced([&] { EXPECT_TRUE(put(test.store(), "a", patterned_body(100'000, 2))); });
  EXPECT_EQ(code_of(async::sync_wait(test.store().get({.key = "a", .if_match = etag}, std::nullopt, replaced, {}))),
            std::nullopt);
  EXPECT_TRUE(replaced.body() == body);
  MeddlingSink removed([&] { EXPECT_TRUE(async::sync_wait(test.store().remove({.key = "a"}, {}))); });
  EXPECT_EQ(code_of(async::sync_wait(test.store().get({.key = "a"}, std::nullopt, removed, {}))), std::nullopt);
  EXPECT_TRUE(removed.body() == patterned_body(100'000, 2));
}

TEST(FsStoreGet, StopsAtItsDeadlineBetweenPieces) {
  FsStoreForTest test;
  ASSERT_TRUE(put(test.store(), "a", patterned_body(100'000, 1)));
  MeddlingSink sink([&] { test.clock().advance(std::chrono::seconds(10)); });
  const RequestOptions options{.purpose = Purpose::demand, .deadline = test.clock().now() + std::chrono::seconds(5)};
  EXPECT_EQ(code_of(async::sync_wait(test.store().get({.key = "a"}, std::nullopt, sink, options))), ErrorCode::timeout);
  EXPECT_EQ(sink.body().size(), 10'000U);
}

TEST(FsStoreFolder, LeftoversAreRemovedOnceOld) {
  FsStoreForTest test;
  const fs::path old_file = test.root() / ".seekfs/tmp/123-old";
  const fs::path young_file = test.root() / ".seekfs/tmp/123-young";
  const auto make = [](const fs::path& path, std::chrono::hours age) {
    std::ofstream(path) << "left behind";
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
  };
  make(old_file, std::chrono::hours(25));
  make(young_file, std::chrono::hours(23));
  ASSERT_TRUE(put(test.store(), "a", "x"));
  EXPECT_FALSE(fs::exists(old_file));
  EXPECT_TRUE(fs::exists(young_file));

  make(old_file, std::chrono::hours(25));
  test.clock().advance(std::chrono::minutes(59));
  ASSERT_TRUE(put(test.store(), "a", "x"));
  EXPECT_TRUE(fs::exists(old_file)) << "one sweep an hour";
  test.clock().advance(std::chrono::minutes(1));
  ASSERT_TRUE(put(test.store(), "a", "x"));
  EXPECT_FALSE(fs::exists(old_file));
  EXPECT_EQ(temporary_files(test.root()), 1U);
}

TEST(FsStoreFolder, IsHiddenAndHoldsNothingAfterwards) {
  FsStoreForTest test;
  ASSERT_TRUE(put(test.store(), "dir/sub/a", "x"));
  EXPECT_FALSE(put(test.store(), "dir/sub/a", "y", {.if_none_match = true}));
  EXPECT_EQ(temporary_files(test.root()), 0U);
  const auto listed = async::sync_wait(test.store().list({}, {}));
  ASSERT_TRUE(listed);
  EXPECT_EQ(keys_of(*listed), std::vector<std::string>{"dir/sub/a"});
  ASSERT_TRUE(async::sync_wait(test.store().remove({.key = "dir/sub/a"}, {})));
  EXPECT_FALSE(fs::exists(test.root() / "dir")) << "empty parents are pruned";
  ASSERT_TRUE(put(test.store(), "dir/a", "x"));
  ASSERT_TRUE(put(test.store(), "dir/sub/b", "x"));
  ASSERT_TRUE(async::sync_wait(test.store().remove({.key = "dir/sub/b"}, {})));
  EXPECT_FALSE(fs::exists(test.root() / "dir/sub"));
  EXPECT_TRUE(fs::exists(test.root() / "dir/a"));
}

/// An fs store over a file system that fails one kind of operation while `armed`.
struct FailingDisk {
  FailingDisk(env::FileOp failing, int error_number)
      : files(env::make_faulty_file_system(env::posix_file_system(),
                                           [this, failing, error_number](env::FileOp operation, const std::string&) {
                                             return armed && operation == failing ? std::optional(error_number)
                                                                                  : std::nullopt;
                                           })),
        test(*files) {}
  std::atomic<bool> armed = false;
  std::unique_ptr<env::FileSystem> files;
  FsStoreForTest test;
};

TEST(FsStoreFaults, AFullDiskIsExhaustedAndLeavesNothing) {
  for (const env::FileOp failing :
       {env::FileOp::write, env::FileOp::rename, env::FileOp::open, env::FileOp::make_directory}) {
    FailingDisk disk(failing, ENOSPC);
    ASSERT_TRUE(put(disk.test.store(), "kept", "old"));
    disk.armed = true;
    EXPECT_EQ(code_of(put(disk.test.store(), "new/key", "x")), ErrorCode::exhausted);
    if (failing != env::FileOp::make_directory) {
      EXPECT_EQ(code_of(put(disk.test.store(), "kept", "new")), ErrorCode::exhausted);
    }
    disk.armed = false;
    EXPECT_EQ(read(disk.test.store(), {.key = "kept"}).value_or("error"), "old");
    EXPECT_EQ(code_of(read(disk.test.store(), {.key = "new/key"})), ErrorCode::not_found);
    EXPECT_EQ(temporary_files(disk.test.root()), 0U);
  }
}

TEST(FsStoreFaults, AFailingDiskIsTransient) {
  for (const std::size_t size : {10UL, 100'000UL}) {
    FailingDisk disk(env::FileOp::read, EIO);
    ASSERT_TRUE(put(disk.test.store(), "a", patterned_body(size, 1)));
    disk.armed = true;
    EXPECT_EQ(code_of(read(disk.test.store(), {.key = "a"})), ErrorCode::transient);
    disk.armed = false;
    EXPECT_TRUE(read(disk.test.store(), {.key = "a"}) == patterned_body(size, 1));
  }
  const std::vector<env::FileOp> of_a_put = {env::FileOp::open, env::FileOp::write, env::FileOp::lock,
                                             env::FileOp::rename, env::FileOp::sync};
  for (const env::FileOp failing : of_a_put) {
    FailingDisk disk(failing, EIO);
    ASSERT_TRUE(put(disk.test.store(), "seed", "x"));
    disk.armed = true;
    EXPECT_EQ(code_of(put(disk.test.store(), "a", "x", {.if_none_match = true})), ErrorCode::transient);
    disk.armed = false;
    EXPECT_EQ(code_of(read(disk.test.store(), {.key = "a"})), ErrorCode::not_found);
    EXPECT_EQ(temporary_files(disk.test.root()), 0U);
  }
}

TEST(FsStoreFaults, FailuresOfListRemoveAndFlushAreTold) {
  FailingDisk listing(env::FileOp::list, EIO);
  ASSERT_TRUE(put(listing.test.store(), "a", "x"));
  listing.armed = true;
  EXPECT_EQ(code_of(async::sync_wait(listing.test.store().list({}, {}))), ErrorCode::transient);
  FailingDisk removing(env::FileOp::remove, EROFS);
  ASSERT_TRUE(put(removing.test.store(), "a", "x"));
  removing.armed = true;
  EXPECT_EQ(code_of(async::sync_wait(removing.test.store().remove({.key = "a"}, {}))), ErrorCode::denied);
  FailingDisk syncing(env::FileOp::sync, EIO);
  syncing.armed = true;
  EXPECT_EQ(code_of(async::sync_wait(syncing.test.store().flush({}))), ErrorCode::transient);
}

TEST(FsStoreList, ReadsNoMoreThanThePage) {
  std::atomic<int> opened = 0;
  const auto files = env::make_faulty_file_system(
      env::posix_file_system(), [&](env::FileOp operation, const std::string& path) -> std::optional<int> {
        if (operation == env::FileOp::open && path.find("/many/") != std::string::npos) ++opened;
        if (operation == env::FileOp::list && path.find("/other") != std::string::npos) return EIO;
        return std::nullopt;
      });
  FsStoreForTest test(*files);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put(test.store(), "many/" + std::to_string(i), "x"));
  ASSERT_TRUE(put(test.store(), "other/a", "x"));
  opened = 0;
  const auto page = async::sync_wait(test.store().list({.prefix = "many/", .max_keys = 5}, {}));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->objects.size(), 5U);
  EXPECT_EQ(opened, 5);
  // "other" can't be listed, and need not be: it lies beside the prefix.
  EXPECT_TRUE(async::sync_wait(test.store().list({.prefix = "many/9"}, {})));
  EXPECT_FALSE(async::sync_wait(test.store().list({}, {})));
}

TEST(FsStoreList, SkipsNamesThatAreNoKeys) {
  FsStoreForTest test;
  ASSERT_TRUE(put(test.store(), "good", "x"));
  fs::create_directory(test.root() / "empty");
  fs::path deep = test.root();
  for (int i = 0; i < 6; ++i) deep /= std::string(200, 'd');
  fs::create_directories(deep);
  std::ofstream(deep / "over-1024-bytes") << "x";
  const auto listed = async::sync_wait(test.store().list({.delimiter = '/'}, {}));
  ASSERT_TRUE(listed);
  EXPECT_EQ(keys_of(*listed), std::vector<std::string>{"good"});
  EXPECT_TRUE(listed->common_prefixes.empty()) << "a common prefix without a key";
}

TEST(FsStoreFlush, Succeeds) {
  FsStoreForTest test;
  EXPECT_EQ(code_of(async::sync_wait(test.store().flush({}))), std::nullopt);
}

}  // namespace
}  // namespace seekfs::objectstore
