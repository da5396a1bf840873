// Runs on a target that answers from the oracle, or as the test wants.
#include "bench/run.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <thread>

#include "base/mutex.h"
#include "bench/content.h"
#include "env/temp_directory_testing.h"

namespace seekfs::bench {
namespace {

constexpr DataSet little{
    .seed = 5, .shards = 3, .shard_size = 64 * KiB, .small_files = 20, .small_min = 10, .small_max = 9000};

/// Answers from the oracle, remembers all reads by reader, and asks `meddle` before each.
class OracleTarget final : public Target {
 public:
  using Meddle = std::function<Status(const Range&, std::span<std::byte>)>;

  const std::string& name() const override { return name_; }
  Result<std::string> description() override { return "oracle"; }
  Result<DataSet> data_set() override { return little; }
  Result<std::unique_ptr<TargetReader>> make_reader() override {
    const MutexLock lock(mutex_);
    reads_.emplace_back();
    return std::make_unique<Reader>(*this, reads_.size() - 1);
  }
  Result<std::vector<std::string>> drop_caches(const DataSet& /*data*/) override {
    ++drops;
    return std::vector<std::string>{"nothing", "this"};
  }
  Result<std::optional<TargetCounters>> counters() override {
    const MutexLock lock(mutex_);
    TargetCounters counted{.origin_gets = static_cast<double>(count_),
                           .origin_bytes = 2.0 * static_cast<double>(bytes_)};
    if (miscount) miscount(counted);
    return counted;
  }

  /// By epoch and thread.
  std::vector<std::vector<Range>> reads() const {
    const MutexLock lock(mutex_);
    return reads_;
  }

  int drops = 0;
  Meddle meddle;
  std::function<void(TargetCounters&)> miscount;

 private:
  class Reader final : public TargetReader {
   public:
    Reader(OracleTarget& target, std::size_t number) : target_(target), number_(number) {}
    Status open(const std::string& path) override {
      const MutexLock lock(target_.mutex_);
      target_.opened_.insert({number_, path.starts_with("shards/") ? path : "a connection"});
      return {};
    }
    Status read(const Range& range, std::span<std::byte> out) override { return target_.read(number_, range, out); }
    Status read_batch(std::span<const Range> ranges, std::span<std::byte> out) override {
      for (const Range& range : ranges) {
        SEEKFS_TRY(read(range, out.first(range.length)));
        out = out.subspan(range.length);
      }
      return {};
    }

   private:
    OracleTarget& target_;
    std::size_t number_;
  };

  Status read(std::size_t reader, const Range& range, std::span<std::byte> out) {
    Content(little.seed, range.path).fill(range.offset, out);
    const MutexLock lock(mutex_);
    const bool shard = range.path.starts_with("shards/");
    EXPECT_TRUE(opened_.contains({reader, shard ? range.path : "a connection"})) << range.path;
    reads_[reader].push_back(range);
    ++count_;
    bytes_ += out.size();
    return meddle ? meddle(range, out) : Status();
  }

  std::string name_ = "oracle:";
  mutable Mutex mutex_;
  std::vector<std::vector<Range>> reads_ SEEKFS_GUARDED_BY(mutex_);
  std::set<std::pair<std::size_t, std::string>> opened_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t count_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

class RunTest : public testing::Test {
 protected:
  RunOptions options(std::string_view workload, std::uint64_t threads = 2) {
    RunOptions made{.settings = {.data = little}, .workloads = {parse_workload(workload).value()}};
    made.workloads.front().threads = threads;
    return made;
  }
  Result<RunResult> run_on(Target& target, const RunOptions& with) {
    return run(with, {target, env::posix_file_system(), *clock_, stop_.get_token(), [](std::string_view) {}});
  }

  std::unique_ptr<env::Clock> clock_ = env::make_system_clock();
  std::stop_source stop_;
};

TEST_F(RunTest, DropsNothingWhenToldSoAndSaysIt) {
  OracleTarget target;
  RunOptions with = options("small");
  with.drop = false;
  const auto result = run_on(target, with);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(target.drops, 0);
  ASSERT_EQ(result->not_dropped.size(), 1U);
  EXPECT_TRUE(result->not_dropped.front().contains("--no-drop"));
}

TEST_F(RunTest, WhoeverElseCountsTheOriginMustAnswer) {
  OracleTarget target;
  RunOptions with = options("small");
  with.origin_metrics = parse_metrics_url("http://127.0.0.1:1/metrics").value();
  const auto result = run_on(target, with);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().message.contains("http://127.0.0.1:1/metrics")) << result.error().message;
}

TEST_F(RunTest, GetsThatOutliveTheReadersCountInTheirEpoch) {
  OracleTarget target;
  double told = 0;
  target.miscount = [&told](TargetCounters& counters) {  // two are still under way when it is asked first
    counters.origin_inflight = counters.origin_gets - told > 0 ? 2 : 0;
    std::swap(counters.origin_gets, told);
  };
  RunOptions with = options("small");
  with.repetitions = 1;
  const auto result = run_on(target, with);
  ASSERT_TRUE(result) << result.error().message;
  for (const Case& one : result->cases) EXPECT_EQ(one.repetitions.at(0).origin_gets, 20.0);
}

TEST_F(RunTest, GetsThatDoNotEndAreWaitedForAWhileAndThenNamed) {
  env::ManualClock clock;
  OracleTarget target;
  target.miscount = [](TargetCounters& counters) { counters.origin_inflight = 3; };
  const std::jthread time([&clock](const std::stop_token& over) {
    for (; !over.stop_requested(); std::this_thread::yield()) clock.advance(settling_time / 10);
  });
  std::string said;
  const RunContext context{target, env::posix_file_system(), clock, stop_.get_token(),
                           [&said](std::string_view line) { said += line; }};
  ASSERT_TRUE(run(options("small"), context));
  EXPECT_TRUE(said.contains("3 requests of the store are still under way")) << said;
}

TEST_F(RunTest, EveryRepetitionIsMeasuredColdAndWarm) {
  OracleTarget target;
  const auto result = run_on(target, options("small"));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(target.drops, 3);
  EXPECT_EQ(result->not_dropped, (std::vector<std::string>{"nothing", "this"}));
  ASSERT_EQ(result->cases.size(), 2U);
  std::uint64_t bytes = 0;
  for (std::uint64_t number = 0; number < little.small_files; ++number) bytes += little.small_size(number);
  for (const Case& one : result->cases) {
    ASSERT_EQ(one.repetitions.size(), 3U);
    EXPECT_EQ(one.latencies.count(), 60U);
    for (const Figures& figures : one.repetitions) {
      EXPECT_EQ(figures.reads, 20U);
      EXPECT_EQ(figures.files, 20U);
      EXPECT_EQ(figures.bytes, bytes);
      EXPECT_GT(figures.seconds, 0);
      EXPECT_EQ(figures.origin_gets, 20);
      EXPECT_EQ(figures.origin_bytes, 2.0 * static_cast<double>(bytes));
      EXPECT_FALSE(figures.cpu_seconds);
      EXPECT_LE(figures.latency[0], figures.latency_max);
    }
  }
}

TEST_F(RunTest, ABatchIsOneReadOfManyFiles) {
  OracleTarget target;
  const auto result = run_on(target, options("readv:8"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cases[0].repetitions[0].reads, 3U);
  EXPECT_EQ(result->cases[0].repetitions[0].files, 20U);
}

TEST_F(RunTest, SameSeedsSameReadsOnEveryTargetAndRepetition) {
  for (const char* workload : {"sequential:10KiB", "random:4KiB", "small", "readv:8"}) {
    OracleTarget one;
    OracleTarget two;
    ASSERT_TRUE(run_on(one, options(workload)));
    ASSERT_TRUE(run_on(two, options(workload)));
    const auto reads = one.reads();
    EXPECT_EQ(reads, two.reads()) << workload;
    ASSERT_EQ(reads.size(), 12U);
    for (std::size_t index = 4; index < reads.size(); ++index) EXPECT_EQ(reads[index], reads[index - 4]) << workload;
    EXPECT_NE(reads[0], reads[2]) << workload << ": the warm epoch has another order";
  }
}

TEST_F(RunTest, NoMoreReadersThanShards) {
  OracleTarget target;
  RunOptions with = options("sequential:10KiB", 16);
  with.workloads.push_back(with.workloads.front());
  with.workloads.back().threads = 8;
  const auto result = run_on(target, with);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->cases.size(), 2U);
  EXPECT_EQ(result->cases[0].workload.threads, 3U);
}

TEST_F(RunTest, AWrongByteEndsTheRunAndIsNamed) {
  OracleTarget target;
  target.meddle = [](const Range& range, std::span<std::byte> out) -> Status {
    if (range.path == "shards/shard-00001.bin" && range.offset == 20 * KiB) out[77] ^= std::byte{4};
    return {};
  };
  const auto result = run_on(target, options("sequential:10KiB"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::hash_mismatch);
  EXPECT_TRUE(result.error().message.contains("shards/shard-00001.bin at offset 20557 ")) << result.error().message;
}

TEST_F(RunTest, SparseVerificationSeesBytesOfAnotherPlace) {
  OracleTarget target;
  target.meddle = [](const Range& range, std::span<std::byte> out) -> Status {
    if (range.path == DataSet::small_path(7)) Content(little.seed, DataSet::small_path(8)).fill(0, out);
    return {};
  };
  RunOptions with = options("readv:8");
  with.settings.verify = "sparse";
  const auto result = run_on(target, with);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().message.contains("small/00000/file-00000007.bin at offset 0 ")) << result.error().message;
}

TEST_F(RunTest, AFailureEndsAllThreads) {
  OracleTarget target;
  int seen = 0;
  target.meddle = [&](const Range& range, std::span<std::byte>) -> Status {
    // The second time is in the warm epoch; called under the target's lock.
    if (range.path == DataSet::small_path(7) && ++seen == 2) return fail(ErrorCode::origin_unavailable, "away");
    return {};
  };
  RunOptions with = options("small", 4);
  // The other threads of a warm epoch would go on as long.
  with.settings.seconds = 3600;
  const auto result = run_on(target, with);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::origin_unavailable);
}

TEST_F(RunTest, AStopEndsItBetweenReadsWithWholeRepetitions) {
  OracleTarget target;
  int count = 0;
  target.meddle = [&](const Range&, std::span<std::byte>) -> Status {
    // In the warm epoch of the second repetition; called under the target's lock.
    if (++count == 65) stop_.request_stop();
    return {};
  };
  const auto result = run_on(target, options("small", 2));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->interrupted);
  ASSERT_EQ(result->cases.size(), 2U);
  EXPECT_EQ(result->cases[0].repetitions.size(), 2U);
  EXPECT_EQ(result->cases[1].repetitions.size(), 1U);
}

TEST_F(RunTest, WarmEpochsGoRoundUntilTheSecondsAreOver) {
  OracleTarget target;
  RunOptions with = options("small", 2);
  with.settings.seconds = 0.05;
  with.repetitions = 1;
  const auto result = run_on(target, with);
  ASSERT_TRUE(result);
  EXPECT_LE(result->cases[0].repetitions[0].reads, 20U);
  EXPECT_GE(result->cases[1].repetitions[0].seconds, 0.05);
}

TEST_F(RunTest, ADirectoryIsATarget) {
  const env::TempDirectory directory;
  env::FileSystem& files = env::posix_file_system();
  ASSERT_TRUE(prepare(little, directory.path(), files));
  const auto target = make_target({.address = "dir:" + directory.path()}, files, *clock_);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->data_set().value(), little);
  EXPECT_EQ((*target)->counters().value(), std::nullopt);
  for (const char* workload : {"sequential:10KiB", "random:4KiB", "small", "readv:8"}) {
    const auto result = run_on(**target, options(workload));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_FALSE(result->not_dropped.empty());
  }
  ASSERT_TRUE(write_file_atomically(files, directory.at(DataSet::small_path(3)), "short", false));
  EXPECT_EQ(run_on(**target, options("small")).error().code, ErrorCode::corrupt) << "short, but no byte is wrong";
}

TEST(MakeTarget, RefusesOtherAddresses) {
  const auto clock = env::make_system_clock();
  for (const char* address :
       {"", "dir:", "s3:", "s3:http://a:1", "s3:http://a:1/", "s3:https://a:1/b", "s3:http://a:1/b c", "s3:http://a/b",
        "s3:unix:/a", "s3:http://a:1/b//c", "/tmp", "s3://bucket", "https://a:1", "http://a", "unix:a"}) {
    const auto target = make_target({.address = address}, env::posix_file_system(), *clock);
    ASSERT_FALSE(target) << address;
    EXPECT_EQ(target.error().code, ErrorCode::invalid);
  }
  EXPECT_FALSE(make_target({.address = "http://a:1", .ns = "No&Name"}, env::posix_file_system(), *clock));
}

}  // namespace
}  // namespace seekfs::bench
