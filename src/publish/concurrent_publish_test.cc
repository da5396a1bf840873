// Two publishers at once, in one process at chosen points and in processes of their own that are killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>

#include "objectstore/fs_store.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"
#include "publish/publish_testing.h"
#include "publish/versions.h"

namespace seekfs::publish {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using ::testing::HasSubstr;

bool is_manifest_put(StoreOp op, const std::string& key) { return op == StoreOp::put && key.ends_with(".json.gz"); }

/// Runs `other` once, just before the first operation that `when` chooses.
objectstore::StoreFaultPlan once_before(std::function<bool(StoreOp, const std::string&)> when,
                                        std::function<void()> other) {
  auto done = std::make_shared<std::atomic<bool>>(false);
  return [=](StoreOp op, const std::string& key) {
    StoreFault fault;
    if (when(op, key) && !done->exchange(true)) fault.before = other;
    return fault;
  };
}

class MergeTest : public ::testing::Test {
 protected:
  MergeTest() {
    ours_.write(Tree{{"a", "1"}, {"shared", "base"}});
    EXPECT_TRUE(Publisher(bench_.parts(*store_)).publish(request_for("demo", ours_)));
  }
  /// Publishes ours while somebody else publishes `theirs` in between.
  Result<PublishReport> publish_across(const PublishRequest& request, const Tree& theirs) {
    SourceTree other;
    other.write(theirs);
    Workbench other_bench(2);
    const auto interrupted = objectstore::make_faulty_store(*store_, once_before(is_manifest_put, [&] {
      EXPECT_TRUE(Publisher(other_bench.parts(*store_)).publish(request_for("demo", other)));
    }));
    return Publisher(bench_.parts(*interrupted)).publish(request);
  }

  Workbench bench_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_mem_store(bench_.clock());
  SourceTree ours_;
};

TEST_F(MergeTest, ChangesToOtherPathsAreAppliedOnTheNewVersion) {
  ours_.write("a", "ours");
  const auto report = publish_across(request_for("demo", ours_), {{"b", "theirs"}});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->merges, 1U);
  EXPECT_EQ(report->parent, 2U);
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "ours"}, {"b", "theirs"}, {"shared", "base"}}));
  check_all_versions(*store_, "demo");
}

TEST_F(MergeTest, TheSameContentIsNoConflict) {
  ours_.write(Tree{{"a", "same"}, {"mine", "1"}});
  const auto report = publish_across(request_for("demo", ours_), {{"a", "same"}});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "same"}, {"mine", "1"}, {"shared", "base"}}));
}

TEST_F(MergeTest, FilesThatWeDidNotChangeKeepTheChangeOfOthers) {
  ours_.write("a", "ours");  // "shared" is in the source as well, as it was
  const auto report = publish_across(request_for("demo", ours_), {{"shared", "theirs"}});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "ours"}, {"shared", "theirs"}}));
}

TEST_F(MergeTest, OtherContentForTheSamePathIsAConflictThatNamesIt) {
  ours_.write(Tree{{"a", "ours"}, {"shared", "ours"}});
  const auto report = publish_across(request_for("demo", ours_), {{"shared", "theirs"}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::conflict);
  EXPECT_THAT(report.error().message, HasSubstr("'shared' was changed by somebody else: HEAD went from v-1 to v-2"));
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "1"}, {"shared", "theirs"}}));
}

TEST_F(MergeTest, ReplaceAndAPinnedParentStopOnAnyChange) {
  ours_.write("a", "ours");
  PublishRequest request = request_for("demo", ours_);
  request.replace = true;
  auto report = publish_across(request, {{"b", "theirs"}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::conflict);
  request.replace = false;
  request.if_parent = 2;
  report = publish_across(request, {{"c", "theirs"}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::conflict);
}

TEST_F(MergeTest, ContentFoundInAFileThatOthersDeletedIsUploadedAgain) {
  ours_.write("copy", "base");  // the content of "shared", which somebody deletes meanwhile
  Workbench other(2);
  const auto interrupted = objectstore::make_faulty_store(*store_, once_before(is_manifest_put, [&] {
    PublishRequest removal;
    removal.ns = "demo";
    removal.delete_paths = {"shared"};
    EXPECT_TRUE(Publisher(other.parts(*store_)).publish(removal));
  }));
  ours_.remove("shared");
  const auto report = Publisher(bench_.parts(*interrupted)).publish(request_for("demo", ours_));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "1"}, {"copy", "base"}}));
}

TEST_F(MergeTest, RollbackStopsWhenHeadMoves) {
  ours_.write("a", "2");
  ASSERT_TRUE(Publisher(bench_.parts(*store_)).publish(request_for("demo", ours_)));
  Workbench other(2);
  const auto is_head_put = [](StoreOp op, const std::string& key) {
    return op == StoreOp::put && key.ends_with("/HEAD");
  };
  const auto interrupted = objectstore::make_faulty_store(*store_, once_before(is_head_put, [&] {
    ours_.write("a", "3");
    EXPECT_TRUE(Publisher(other.parts(*store_)).publish(request_for("demo", ours_)));
  }));
  const auto rolled = Versions(bench_.parts(*interrupted)).rollback("demo", 1);
  ASSERT_FALSE(rolled);
  EXPECT_EQ(rolled.error().code, ErrorCode::conflict);
  EXPECT_EQ(head_of(*store_, "demo"), 3U);
}

TEST_F(MergeTest, AStoreThatNeverTakesItsOwnETagIsAnErrorAndNoLoop) {
  ours_.write("a", "ours");
  std::atomic<int> attempts = 0;
  const auto changing = objectstore::make_faulty_store(*store_, [&](StoreOp op, const std::string& key) {
    StoreFault fault;
    if (op == StoreOp::put && key.ends_with("/HEAD")) {
      ++attempts;
      fault.fail_before = Error(ErrorCode::precondition_failed, "the ETag is another");
    }
    return fault;
  });
  const auto report = Publisher(bench_.parts(*changing)).publish(request_for("demo", ours_));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::invalid);
  EXPECT_THAT(report.error().message, HasSubstr("--unsafe-no-conditional-put"));
  EXPECT_LE(attempts, 5);
  EXPECT_EQ(read_head_version(*store_, "demo"), (Tree{{"a", "1"}, {"shared", "base"}}));
}

/// A run that fails at its k-th operation, for every k, and is then repeated.
TEST(InterruptedPublishTest, TheSameRequestCompletesAndUploadsNothingTwice) {
  Tree tree;
  for (int i = 0; i < 6; ++i) tree["f" + std::to_string(i)] = "content " + std::to_string(i);
  bool reached_the_end = false;
  for (int k = 1; !reached_the_end; ++k) {
    Workbench bench(1, 1);
    const auto store = objectstore::make_mem_store(bench.clock());
    SourceTree source;
    source.write(tree);
    std::atomic<int> operations = 0;
    std::atomic<int> uploads = 0;
    std::atomic<int> fail_at = k;
    const auto flaky = objectstore::make_faulty_store(*store, [&](StoreOp op, const std::string& key) {
      StoreFault fault;
      if (++operations == fail_at) {
        fault.fail_before = Error(ErrorCode::transient, "the store is away");
      } else if (op == StoreOp::put && key.find("/objects/") != std::string::npos) {
        ++uploads;
      }
      return fault;
    });
    const auto first = Publisher(bench.parts(*flaky)).publish(request_for("demo", source));
    reached_the_end = operations < k;
    fail_at = 0;
    EXPECT_EQ(first.has_value(), reached_the_end) << k;
    const auto second = Publisher(bench.parts(*flaky)).publish(request_for("demo", source));
    ASSERT_TRUE(second) << k << ": " << second.error().message;
    EXPECT_EQ(uploads, 6) << k;
    EXPECT_EQ(read_head_version(*store, "demo"), tree) << k;
    check_all_versions(*store, "demo");
    ASSERT_LT(k, 1000);
  }
}

constexpr int exit_conflict = 4;

/// One publish in a process of its own, on an fs store. With `kill_at` the process dies before that store operation.
pid_t publish_in_child(const std::string& root, const std::string& source, std::uint64_t seed, int kill_at) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 1;
  {
    Workbench bench(seed, 2);
    async::ThreadPool store_pool("store", 2);
    const auto random = env::make_seeded_random(seed);
    const auto store = objectstore::make_fs_store(
        root, {.files = env::posix_file_system(), .clock = bench.clock(), .random = *random, .pool = store_pool});
    std::atomic<int> operations = 0;
    const auto mortal = objectstore::make_faulty_store(*store, [&](StoreOp, const std::string&) {
      if (++operations == kill_at) kill(getpid(), SIGKILL);
      return StoreFault();
    });
    PublishRequest request;
    request.ns = "demo";
    request.source = LocalSource{.path = source};
    const auto report = Publisher(bench.parts(*mortal)).publish(request);
    if (report) {
      code = 0;
    } else if (report.error().code == ErrorCode::conflict) {
      code = exit_conflict;
    } else {
      static_cast<void>(std::fprintf(stderr, "publish failed: %s\n", report.error().message.c_str()));
    }
  }
  _exit(code);
}

/// The exit code, or minus the signal.
int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#if defined(NDEBUG)
constexpr int race_rounds = 200;
#else
constexpr int race_rounds = 20;
#endif

TEST(RacingPublishersTest, NothingIsLostAndEveryVersionIsWhole) {
  SourceTree place;
  const std::string root = place.path_of("store");
  ASSERT_TRUE(objectstore::create_fs_store_root(env::posix_file_system(), root));
  const auto random = env::make_seeded_random(20);
  Tree expected;
  int conflicts = 0;
  for (int round = 0; round < race_rounds; ++round) {
    const bool overlapping = round % 2 == 1;
    std::string both[2];
    SourceTree sources[2];
    for (int i = 0; i < 2; ++i) {
      const std::string name = (i == 0 ? "a/" : "b/") + std::to_string(round);
      both[i] = "round " + std::to_string(round) + " by " + std::to_string(i);
      sources[i].write(name, both[i]);
      if (overlapping) sources[i].write("shared", both[i]);
    }
    const int kill_at = round % 4 >= 2 ? static_cast<int>(1 + random->below(24)) : 0;
    const pid_t first = publish_in_child(root, sources[0].path(), random->next(), 0);
    const pid_t second = publish_in_child(root, sources[1].path(), random->next(), kill_at);
    int codes[2] = {wait_for(first), wait_for(second)};
    if (codes[1] == -SIGKILL) {
      ASSERT_NE(kill_at, 0);
      codes[1] = wait_for(publish_in_child(root, sources[1].path(), random->next(), 0));
    }
    for (int i = 0; i < 2; ++i) {
      if (codes[i] == exit_conflict) {
        ++conflicts;
        EXPECT_TRUE(overlapping) << "round " << round;
        continue;
      }
      ASSERT_EQ(codes[i], 0) << "round " << round;
      expected[(i == 0 ? "a/" : "b/") + std::to_string(round)] = both[i];
    }
    EXPECT_TRUE(codes[0] == 0 || codes[1] == 0) << "round " << round;
  }

  Workbench bench;
  async::ThreadPool store_pool("store", 2);
  const auto store = objectstore::make_fs_store(
      root, {.files = env::posix_file_system(), .clock = bench.clock(), .random = *random, .pool = store_pool});
  Tree found = read_head_version(*store, "demo");
  EXPECT_TRUE(found.contains("shared"));
  found.erase("shared");
  EXPECT_EQ(found, expected);
  EXPECT_GE(check_all_versions(*store, "demo"), static_cast<std::size_t>(race_rounds));
  RecordProperty("conflicts", conflicts);
}

}  // namespace
}  // namespace seekfs::publish
