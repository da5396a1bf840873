// Which directories make one cache, which page belongs to which, and a disk that is not mounted.
#include "segmentstore/directory_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "env/temp_directory_testing.h"
#include "segmentstore/mount_guard.h"
#include "segmentstore/tier_testing.h"

namespace seekfs::segmentstore {
namespace {

class DirectoriesTest : public testing::Test {
 protected:
  ErrorCode refused(const std::vector<std::string>& paths) {
    const Status checked = check_directories(env::posix_file_system(), paths);
    return checked ? ErrorCode::internal : checked.error().code;
  }
  env::TempDirectory directory;
};

TEST_F(DirectoriesTest, TakesDifferentOnes) {
  const Status checked = check_directories(env::posix_file_system(), {directory.at("a"), directory.at("ab")});
  EXPECT_TRUE(checked);
}

TEST_F(DirectoriesTest, RefusesNoneTheSameAndOneInAnother) {
  EXPECT_EQ(refused({}), ErrorCode::invalid);
  EXPECT_EQ(refused({directory.at("a"), directory.at("b"), directory.at("a")}), ErrorCode::invalid);
  EXPECT_EQ(refused({directory.at("a"), directory.at("a/")}), ErrorCode::invalid);
  EXPECT_EQ(refused({directory.at("a"), directory.at("b/../a")}), ErrorCode::invalid);
  EXPECT_EQ(refused({directory.at("a/inner"), directory.at("a")}), ErrorCode::invalid);
  ASSERT_EQ(::symlink(directory.at("a").c_str(), directory.at("link").c_str()), 0);
  EXPECT_EQ(refused({directory.at("a"), directory.at("link")}), ErrorCode::invalid);
}

TEST(PageDealer, SpreadsPagesEvenly) {
  const PageDealer dealer({"/disk1", "/disk2", "/disk3", "/disk4"});
  std::array<int, 4> counts{};
  for (std::uint32_t i = 0; i < 4000; ++i) ++counts.at(dealer.directory_of(fingerprint(tier_key(i))));
  for (const int count : counts) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(PageDealer, ADirectoryThatIsAddedTakesOnlyItsShare) {
  const std::vector<std::string> before = {"/disk1", "/disk2", "/disk3"};
  const std::vector<std::string> after = {"/disk4", "/disk3", "/disk1", "/disk2"};
  const PageDealer old_dealer(before);
  const PageDealer new_dealer(after);
  int moved = 0;
  for (std::uint32_t i = 0; i < 4000; ++i) {
    const Fingerprint page = fingerprint(tier_key(i));
    const std::string& now = after[new_dealer.directory_of(page)];
    if (now == before[old_dealer.directory_of(page)]) continue;
    EXPECT_EQ(now, "/disk4");
    ++moved;
  }
  EXPECT_GT(moved, 850);
  EXPECT_LT(moved, 1150);
}

/// A tree in which each directory's device is what the test says; only stat() is asked.
class Mounts final : public env::FileSystem {
 public:
  std::map<std::string, std::uint64_t> devices;

  Result<env::FileInfo> stat(const std::string& path) override {
    const auto found = devices.find(path);
    if (found == devices.end()) return fail(ErrorCode::not_found, path);
    return env::FileInfo{.type = env::FileType::directory, .device = found->second};
  }
  Result<std::unique_ptr<env::File>> open(const std::string&, env::OpenMode) override { return unused(); }
  Result<std::unique_ptr<env::Directory>> open_directory(const std::string&) override { return unused(); }
  Result<env::FileInfo> lstat(const std::string&) override { return unused(); }
  Result<std::vector<env::DirectoryEntry>> list(const std::string&) override { return unused(); }
  Status make_directories(const std::string&, std::uint32_t) override { return unused(); }
  Status rename(const std::string&, const std::string&) override { return unused(); }
  Status remove_file(const std::string&) override { return unused(); }
  Status remove_directory(const std::string&) override { return unused(); }
  Result<std::string> canonical(const std::string&) override { return unused(); }
  Status sync_file_system(const std::string&) override { return unused(); }
  Status sync_directory(const std::string&) override { return unused(); }
  Result<Space> space(const std::string&) override { return unused(); }
  Result<std::string> type_name(const std::string&) override { return unused(); }

 private:
  static std::unexpected<Error> unused() { return fail(ErrorCode::internal, "not of this test"); }
};

TEST(MountGuard, KnowsADiskThatIsGoneFromOneThatIsThere) {
  Mounts mounts;
  MountGuard guard("/mnt/disk1/l2");
  EXPECT_TRUE(guard.check(mounts)) << "nothing is known yet";
  mounts.devices = {{"/", 1}, {"/mnt", 1}, {"/mnt/disk1", 7}, {"/mnt/disk1/l2", 7}};
  guard.remember(mounts);
  EXPECT_TRUE(guard.check(mounts));
  mounts.devices = {{"/", 1}, {"/mnt", 1}, {"/mnt/disk1", 7}};
  EXPECT_TRUE(guard.check(mounts)) << "the directory was removed, its disk is there";
  mounts.devices = {{"/", 1}, {"/mnt", 1}, {"/mnt/disk1", 1}};
  EXPECT_FALSE(guard.check(mounts)) << "unmounted";
  mounts.devices = {{"/", 1}, {"/mnt", 1}};
  EXPECT_FALSE(guard.check(mounts)) << "unmounted, and its mount point was removed";
  mounts.devices = {{"/", 1}, {"/mnt", 1}, {"/mnt/disk1", 9}};
  EXPECT_TRUE(guard.check(mounts)) << "another disk in its place";
}

TEST(MountGuard, OnOneFileSystemADirectoryMayComeAndGo) {
  Mounts mounts;
  MountGuard guard("/var/l2");
  mounts.devices = {{"/", 1}, {"/var", 1}, {"/var/l2", 1}};
  guard.remember(mounts);
  mounts.devices = {{"/", 1}, {"/var", 1}};
  EXPECT_TRUE(guard.check(mounts));
}

}  // namespace
}  // namespace seekfs::segmentstore
