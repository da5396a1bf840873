// Facts about the process, and limits of control groups laid out in a directory.
#include "env/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "env/cgroup.h"
#include "env/temp_directory_testing.h"

namespace seekfs::env {
namespace {

namespace fs = std::filesystem;

TEST(Process, FactsArePlausible) {
  EXPECT_GE(cpu_count(), 1U);
  EXPECT_GT(memory_limit(), 16U << 20);
  EXPECT_EQ(process_id(), ::getpid());
  EXPECT_FALSE(user_name().empty());
  const ProcessUsage usage = process_usage();
  EXPECT_GT(usage.resident_bytes, 100'000U);
  EXPECT_GE(usage.virtual_bytes, usage.resident_bytes);
  EXPECT_GE(usage.open_descriptors, 3U);
  EXPECT_GE(usage.max_descriptors, usage.open_descriptors);
  EXPECT_GE(usage.most_descriptors, usage.max_descriptors);
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LE(usage.start_time_seconds, now + 5);
  EXPECT_GT(usage.start_time_seconds, now - 24 * 3600);
}

TEST(Process, CountsDescriptors) {
  const std::uint64_t before = process_usage().open_descriptors;
  const int descriptor = ::dup(2);
  EXPECT_EQ(process_usage().open_descriptors, before + 1);
  ::close(descriptor);
  EXPECT_EQ(process_usage().open_descriptors, before);
}

TEST(Process, ReadsTheEnvironment) {
  ASSERT_EQ(::setenv("SEEKFS_TEST_VARIABLE", "a=b", 1), 0);
  const auto variables = environment();
  EXPECT_TRUE(std::ranges::count(variables, std::pair<std::string, std::string>("SEEKFS_TEST_VARIABLE", "a=b")) == 1);
  ::unsetenv("SEEKFS_TEST_VARIABLE");
  const char* const old_home = std::getenv("HOME");
  const std::string saved = old_home == nullptr ? "" : old_home;
  ::setenv("HOME", "/somewhere", 1);
  EXPECT_EQ(home_directory(), "/somewhere");
  ::unsetenv("HOME");
  EXPECT_NE(home_directory(), "/somewhere");
  if (old_home != nullptr) ::setenv("HOME", saved.c_str(), 1);
}

class CgroupTest : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    fs::create_directories((mount_ / name).parent_path());
    std::ofstream(mount_ / name) << text;
  }
  CgroupLimits limits(const std::string& membership) {
    return read_cgroup_limits(posix_file_system(), membership, mount_);
  }
  TempDirectory directory_;
  fs::path mount_ = directory_.path();
};

TEST_F(CgroupTest, VersionTwoTakesTheSmallestOfAllAncestors) {
  put("a/memory.max", "1000000\n");
  put("a/b/memory.max", "max\n");
  put("a/b/c/memory.max", "2000000\n");
  put("a/b/cpu.max", "150000 100000\n");
  put("a/b/c/cpu.max", "max 100000\n");
  const CgroupLimits found = limits("0::/a/b/c\n");
  EXPECT_EQ(found.memory_bytes, 1'000'000U);
  EXPECT_EQ(found.cpus, 1.5);
}

TEST_F(CgroupTest, VersionTwoInAContainer) {
  put("memory.max", "5000000\n");
  EXPECT_EQ(limits("0::/docker/0123\n").memory_bytes, 5'000'000U);
  EXPECT_EQ(limits("0::/\n").memory_bytes, 5'000'000U);
}

TEST_F(CgroupTest, VersionOne) {
  put("memory/x/memory.limit_in_bytes", "3000000\n");
  put("memory/memory.limit_in_bytes", "9223372036854771712\n");
  put("cpu,cpuacct/x/cpu.cfs_quota_us", "200000\n");
  put("cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
  put("cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  put("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  const CgroupLimits found = limits("4:cpu,cpuacct:/x\n3:memory:/x\n2:cpuset:/x\n");
  EXPECT_EQ(found.memory_bytes, 3'000'000U);
  EXPECT_EQ(found.cpus, 2.0);
}

TEST_F(CgroupTest, NoLimitsWhereNothingIsSaid) {
  put("memory.max", "max\n");
  put("cpu.max", "garbage\n");
  for (const std::string membership : {"", "0::/\n", "garbage", "1:memory\n", "5:memory:/x\n"}) {
    const CgroupLimits found = limits(membership);
    EXPECT_EQ(found.memory_bytes, std::nullopt) << membership;
    EXPECT_EQ(found.cpus, std::nullopt) << membership;
  }
}

}  // namespace
}  // namespace seekfs::env
