// Directories of the cache on disk: what "auto" and shares come to, and what an operator is told when one can't be
// used.
#include "app/l2_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "app/l2_disks.h"
#include "base/units.h"
#include "env/faulty_file_system.h"
#include "env/process.h"
#include "env/simulated_disk_testing.h"

namespace seekfs::app {
namespace {

using testing::HasSubstr;

class L2Factory : public testing::Test {
 protected:
  L2Factory() {
    config.segment_paths = {"/cache/l2"};
    config.capacity = 64 * MiB;
  }
  Result<BuiltL2> build(env::FileSystem& files) {
    return make_l2(config,
                   {.files = files, .random = *random, .timers = timers, .metrics = metrics, .log = null_logger()});
  }
  /// What the operator is told.
  std::string refusal(env::FileSystem& files, ErrorCode code) {
    const auto built = build(files);
    if (built) return "built";
    EXPECT_EQ(built.error().code, code) << built.error().message;
    return built.error().message;
  }
  /// Makes a file of this many bytes.
  void occupy(const std::string& path, std::uint64_t bytes) {
    const auto file = disk->open(path, {.write = true, .create = true});
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->allocate(0, bytes));
  }

  L2Config config;
  std::unique_ptr<env::SimulatedDisk> disk = env::make_simulated_disk(10 * GiB);
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
};

TEST_F(L2Factory, AutoIsAShareOfWhatIsFreeAndWhatTheCacheHolds) {
  config.capacity.reset();
  const auto empty = l2_disks(config, *disk);
  ASSERT_TRUE(empty) << empty.error().message;
  ASSERT_EQ(empty->size(), 1U);
  EXPECT_EQ((*empty)[0].path, "/cache/l2");
  EXPECT_NEAR(static_cast<double>((*empty)[0].capacity), 8.0 * GiB, 1.0 * MiB);
  EXPECT_EQ((*empty)[0].min_free_bytes, GiB);
  EXPECT_EQ((*empty)[0].segment_size, GiB);

  ASSERT_TRUE(disk->make_directories("/cache/l2"));
  occupy("/cache/l2/data-00001.seg", 3 * GiB);
  EXPECT_NEAR(static_cast<double>((*l2_disks(config, *disk))[0].capacity), 8.0 * GiB, 1.0 * MiB)
      << "what the cache holds is its own";
  occupy("/other", 5 * GiB);
  EXPECT_NEAR(static_cast<double>((*l2_disks(config, *disk))[0].capacity), 4.0 * GiB, 1.0 * MiB);
}

TEST_F(L2Factory, DirectoriesOnOneFileSystemShareIt) {
  config.capacity.reset();
  config.min_free = "3GiB";
  config.index = L2Index::rocksdb;
  config.segment_paths = {"/cache/a", "/cache/b"};
  const auto disks = l2_disks(config, *disk);
  ASSERT_TRUE(disks) << disks.error().message;
  ASSERT_EQ(disks->size(), 2U);
  for (const auto& each : *disks) {
    EXPECT_NEAR(static_cast<double>(each.capacity), 4.0 * GiB, 1.0 * MiB);
    EXPECT_EQ(each.min_free_bytes, 3 * GiB);
    EXPECT_EQ(each.index, segmentstore::IndexKind::rocksdb);
  }
  config.capacity = 7 * GiB;
  EXPECT_EQ((*l2_disks(config, *disk))[1].capacity, 7 * GiB);
}

TEST_F(L2Factory, AFullFileSystemIsToldWithWhatMendsIt) {
  config.capacity.reset();
  occupy("/other", 10 * GiB - MiB);
  EXPECT_THAT(refusal(*disk, ErrorCode::invalid),
              testing::AllOf(HasSubstr("/cache/l2"), HasSubstr("too little for a cache"),
                             HasSubstr("cache.l2.segment_path"), HasSubstr("cache.l2.backend = \"none\"")));
}

TEST_F(L2Factory, ASegmentstoreHasItsDirectoriesToAsk) {
  const auto built = build(*disk);
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_TRUE(built->tier->enabled());
  ASSERT_NE(built->admin, nullptr);
  ASSERT_EQ(built->admin->disks().size(), 1U);
  EXPECT_EQ(built->admin->disks()[0].path, "/cache/l2");
  EXPECT_TRUE(built->admin->disks()[0].up) << built->admin->disks()[0].detail;
  EXPECT_EQ(built->tier->stats().capacity_bytes, 64 * MiB);
}

TEST_F(L2Factory, OthersHaveNone) {
  config.backend = L2Backend::mem;
  EXPECT_EQ(build(*disk)->admin, nullptr);
  EXPECT_TRUE(build(*disk)->tier->enabled());
  config.backend = L2Backend::none;
  EXPECT_FALSE(build(*disk)->tier->enabled());
}

TEST_F(L2Factory, ADirectoryThatCannotBeWrittenIsToldWithUserAndFix) {
  const auto files = env::make_faulty_file_system(*disk, [](env::FileOp op, const std::string& path) {
    return op == env::FileOp::make_directory && path.starts_with("/cache") ? std::optional(EACCES) : std::nullopt;
  });
  EXPECT_THAT(refusal(*files, ErrorCode::denied),
              testing::AllOf(testing::StartsWith("cache directory /cache/l2: "),
                             HasSubstr("this process runs as user " + env::user_name()),
                             HasSubstr("mkdir -p /cache/l2 && chown " + env::user_name() + " /cache/l2"),
                             HasSubstr("cache.l2.segment_path"), HasSubstr("cache.l2.backend = \"none\"")));
}

TEST_F(L2Factory, ANetworkFileSystemIsRefused) {
  disk->set_type_name("nfs");
  EXPECT_THAT(refusal(*disk, ErrorCode::invalid),
              testing::AllOf(HasSubstr("/cache/l2"), HasSubstr("nfs"), HasSubstr("cache.l2.backend = \"none\"")));
}

TEST_F(L2Factory, ADirectoryOfAnotherDaemonIsRefusedByItsProcess) {
  const auto first = build(*disk);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_THAT(refusal(*disk, ErrorCode::conflict),
              testing::AllOf(HasSubstr("/cache/l2"), HasSubstr(std::to_string(env::process_id())),
                             HasSubstr("stop that process")));
}

TEST_F(L2Factory, AnErrorBlamesTheDirectoryThatItNames) {
  config.segment_paths = {"/a", "/a/b", "/c"};
  const auto told = [this](const std::string& message) {
    return explain_l2_error(config, Error(ErrorCode::conflict, message)).message;
  };
  EXPECT_THAT(told("open /a/b/LOCK: held"), testing::StartsWith("cache directory /a/b: open"));
  EXPECT_THAT(told("open /c/LOCK: held"), testing::StartsWith("cache directory /c: "));
  EXPECT_THAT(told("held"), testing::StartsWith("cache directory /a /a/b /c: held"));
}

}  // namespace
}  // namespace seekfs::app
