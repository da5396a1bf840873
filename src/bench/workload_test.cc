// Which reads a workload has, in which order, for whom.
#include "bench/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace seekfs::bench {
namespace {

using Plan = std::vector<std::vector<ReadOp>>;

constexpr DataSet data{.shards = 5, .shard_size = MiB + 1000, .small_files = 103, .small_min = 100, .small_max = 5000};

Workload workload(std::string_view text, std::uint64_t threads = 3, std::uint64_t reads = 0) {
  Workload parsed = parse_workload(text).value();
  parsed.threads = threads;
  parsed.reads = reads;
  return parsed;
}

Plan plan(const Workload& of, std::uint64_t seed = 1, std::uint64_t pass = 0) {
  return plan_pass(of, data, seed, pass).value();
}

/// All ops of a plan, sorted.
std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> set_of(const Plan& reads) {
  std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> all;
  for (const auto& thread : reads) {
    for (const ReadOp& op : thread) all.emplace_back(op.file, op.offset, op.length);
  }
  std::ranges::sort(all);
  return all;
}

TEST(WorkloadText, IsReadAndWrittenTheSame) {
  for (const char* text :
       {"sequential:1MiB", "sequential:64KiB", "random:4KiB", "random:8MiB-16MiB", "mixed", "small", "readv:7"}) {
    EXPECT_EQ(to_string(parse_workload(text).value()), text);
  }
  EXPECT_EQ(to_string(parse_workload("sequential").value()), "sequential:1MiB");
  EXPECT_EQ(to_string(parse_workload("readv").value()), "readv:64");
}

TEST(WorkloadText, RefusesAllElseAndNamesTheForms) {
  for (const char* text : {"",
                           "rand",
                           "random",
                           "random:",
                           "random:0",
                           "random:x",
                           "random:8KiB-4KiB",
                           "random:4KiB-",
                           "random:2GiB",
                           "random:-4KiB",
                           "small:1",
                           "mixed:4KiB",
                           "readv:0",
                           "readv:",
                           "readv:x",
                           "readv:16385",
                           "sequential:",
                           "sequential:0",
                           "sequential:1-2",
                           " small",
                           "SMALL"}) {
    const auto parsed = parse_workload(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
    EXPECT_TRUE(parsed.error().message.contains("random:MIN-MAX")) << parsed.error().message;
  }
}

TEST(PlanPass, MixedReadsHaveAllSizes) {
  const DataSet large{.shards = 3, .shard_size = 20 * MiB};
  const Plan reads = plan_pass(workload("mixed", 4, 4000), large, 1, 0).value();
  std::map<std::uint64_t, int> counts;  // by size; those of 8 MiB and more together
  for (const auto& thread : reads) {
    for (const ReadOp& op : thread) {
      ASSERT_LE(op.offset + op.length, large.shard_size);
      ASSERT_LE(op.length, 16 * MiB);
      ++counts[std::min(op.length, 8 * MiB)];
    }
  }
  ASSERT_EQ(counts.size(), 4U);
  EXPECT_NEAR(counts[4 * KiB], 2000, 200);
  EXPECT_NEAR(counts[64 * KiB], 1250, 200);
  EXPECT_NEAR(counts[MiB], 500, 150);
  EXPECT_NEAR(counts[8 * MiB], 250, 100);
  EXPECT_FALSE(plan_pass(workload("mixed"), data, 1, 0));  // its shards are smaller than such a read
}

TEST(PlanPass, SameSeedSameSequence) {
  for (const char* text : {"sequential:64KiB", "random:4KiB-64KiB", "small", "readv:10"}) {
    for (const std::uint64_t pass : {0, 1, 2})
      EXPECT_EQ(plan(workload(text), 9, pass), plan(workload(text), 9, pass)) << text;
  }
}

TEST(PlanPass, OtherSeedsGiveOtherSequences) {
  for (const char* text : {"random:4KiB", "small", "readv:10"})
    EXPECT_NE(plan(workload(text), 1), plan(workload(text), 2)) << text;
}

TEST(PlanPass, LaterPassesHaveTheSameReadsInAnotherOrder) {
  for (const char* text : {"sequential:64KiB", "random:4KiB-64KiB", "small", "readv:10"}) {
    for (const std::uint64_t reads : {0, 40}) {
      const Workload of = workload(text, 3, reads);
      EXPECT_EQ(set_of(plan(of, 1, 0)), set_of(plan(of, 1, 1))) << text;
      EXPECT_NE(plan(of, 1, 0), plan(of, 1, 1)) << text;
      EXPECT_NE(plan(of, 1, 1), plan(of, 1, 2)) << text;
    }
  }
}

TEST(PlanPass, SequentialReadsEveryByteOfAShardInOrderByOneThread) {
  for (const std::uint64_t pass : {0, 1}) {
    const Plan reads = plan(workload("sequential:300KiB", 2), 1, pass);
    std::set<std::uint64_t> begun;
    for (const auto& thread : reads) {
      std::uint64_t next = 0;
      std::uint64_t file = 0;
      for (const ReadOp& op : thread) {
        if (next == 0) {
          file = op.file;
          EXPECT_TRUE(begun.insert(file).second);
        }
        EXPECT_EQ(op.file, file);
        EXPECT_EQ(op.offset, next);
        next = op.offset + op.length == data.shard_size ? 0 : op.offset + op.length;
      }
      EXPECT_EQ(next, 0U);
    }
    EXPECT_EQ(begun.size(), data.shards);
  }
}

TEST(PlanPass, RandomReadsLieInTheirShards) {
  const Plan reads = plan(workload("random:1000-70000", 4, 5000));
  std::set<std::uint64_t> files;
  std::uint64_t last_offset = 0;
  for (const auto& thread : reads) {
    EXPECT_EQ(thread.size(), 1250U);
    for (const ReadOp& op : thread) {
      ASSERT_LT(op.file, data.shards);
      ASSERT_GE(op.length, 1000U);
      ASSERT_LE(op.length, 70000U);
      ASSERT_LE(op.offset + op.length, data.shard_size);
      ASSERT_EQ(op.offset % 4096, 0U);
      files.insert(op.file);
      last_offset = std::max(last_offset, op.offset);
    }
  }
  EXPECT_EQ(files.size(), data.shards);
  EXPECT_GT(last_offset, data.shard_size * 9 / 10);
}

TEST(PlanPass, SmallFilesAreReadWholeAndOnce) {
  for (const char* text : {"small", "readv:10"}) {
    const auto all = set_of(plan(workload(text)));
    ASSERT_EQ(all.size(), data.small_files);
    for (std::uint64_t number = 0; number < all.size(); ++number) {
      EXPECT_EQ(all[number], std::make_tuple(number, std::uint64_t{0}, data.small_size(number)));
    }
  }
}

TEST(PlanPass, BatchesAreDealtWhole) {
  const Plan reads = plan(workload("readv:10", 4));
  ASSERT_EQ(reads.size(), 4U);
  EXPECT_EQ(reads[0].size(), 30U);
  EXPECT_EQ(reads[1].size(), 30U);
  EXPECT_EQ(reads[2].size(), 23U);
  EXPECT_EQ(reads[3].size(), 20U);
}

TEST(PlanPass, ReadsAreOfAllThreadsTogether) {
  for (const char* text : {"sequential:64KiB", "random:4KiB", "small", "readv:10"}) {
    EXPECT_EQ(set_of(plan(workload(text, 3, 20))).size(), 20U) << text;
  }
  EXPECT_EQ(set_of(plan(workload("random:4KiB"))).size(), 1000U);
}

TEST(PlanPass, RefusesWhatTheDataSetHasNot) {
  EXPECT_EQ(plan_pass(workload("small"), {.small_files = 0}, 1, 0).error().code, ErrorCode::invalid);
  EXPECT_EQ(plan_pass(workload("readv"), {.small_files = 0}, 1, 0).error().code, ErrorCode::invalid);
  EXPECT_EQ(plan_pass(workload("sequential"), {.shards = 0}, 1, 0).error().code, ErrorCode::invalid);
  EXPECT_EQ(plan_pass(workload("random:2MiB"), data, 1, 0).error().code, ErrorCode::invalid);
}

TEST(RangeOf, NamesShardsAndSmallFiles) {
  const ReadOp op{.file = 1234, .offset = 7, .length = 9};
  EXPECT_EQ(range_of(workload("random:4KiB"), op), (Range{"shards/shard-01234.bin", 7, 9}));
  EXPECT_EQ(range_of(workload("small"), op), (Range{"small/00001/file-00001234.bin", 7, 9}));
}

}  // namespace
}  // namespace seekfs::bench
