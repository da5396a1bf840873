// A disk that refuses: every kind of operation, once and for a while. An Error or a miss, never a wrong byte, and the
// store is usable when the fault ends.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <optional>

#include "env/faulty_file_system.h"
#include "env/simulated_disk_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

using env::FileOp;

constexpr std::uint64_t page_count = 60;

const std::vector<NewPage>& pages() {
  static const std::vector<NewPage> all = make_test_pages(page_count, 30U << 10U, 3);
  return all;
}

class Faults : public testing::Test {
 protected:
  /// What fails, of whose paths, and how.
  struct Fault {
    FileOp operation = FileOp::read;
    std::string path_part;
    int error_number = EIO;
  };

  std::optional<int> ask(FileOp operation, const std::string& path) {
    ++asked_;
    if (operation == FileOp::write) written_.push_back(path);
    if (asked_ >= fail_from_ && asked_ < fail_to_) return sweep_error_;
    for (const Fault& fault : faults_) {
      if (fault.operation == operation && path.find(fault.path_part) != std::string::npos) return fault.error_number;
    }
    return std::nullopt;
  }

  void open() {
    const Status opened = store_.open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  /// Appends pages one after the other until one fails; the Error, and where it stopped.
  Status append_pages(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) SEEKFS_TRY(store_.append(pages()[i]));
    return {};
  }
  /// No byte is wrong now; how many of the pages are there.
  std::size_t count_hits() {
    std::size_t hits = 0;
    for (const NewPage& page : pages()) {
      const TestRead read = store_.read(page);
      EXPECT_NE(read, TestRead::corrupt);
      hits += read == TestRead::hit;
    }
    return hits;
  }
  void expect_usable() {
    faults_.clear();
    const NewPage fresh = make_test_page(1000 + fresh_, 5000);
    ++fresh_;
    const Status appended = store_.append(fresh);
    ASSERT_TRUE(appended) << appended.error().message;
    EXPECT_EQ(store_.read(fresh), TestRead::hit);
    const std::size_t hits = count_hits();
    const Status closed = store_->close();
    ASSERT_TRUE(closed) << closed.error().message;
    ASSERT_NO_FATAL_FAILURE(open());
    EXPECT_EQ(store_.read(fresh), TestRead::hit);
    EXPECT_EQ(count_hits(), hits);
  }

  std::unique_ptr<env::SimulatedDisk> disk_ = env::make_simulated_disk(4U << 20U);
  std::vector<Fault> faults_;
  std::uint64_t asked_ = 0;
  std::uint64_t fail_from_ = 0;
  std::uint64_t fail_to_ = 0;
  int sweep_error_ = EIO;
  std::uint64_t fresh_ = 0;
  std::vector<std::string> written_;
  std::unique_ptr<env::FileSystem> files_ = env::make_faulty_file_system(
      *disk_, [this](FileOp operation, const std::string& path) { return ask(operation, path); });
  StoreForTest store_{*files_, tiny_store()};
};

TEST_F(Faults, AFullDiskRefusesNewSegmentsAndGivesWhatItHas) {
  ASSERT_NO_FATAL_FAILURE(open());
  faults_ = {{FileOp::allocate, "data-", ENOSPC}};
  const Status appended = append_pages(0, 5);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::exhausted);
  EXPECT_EQ(count_hits(), 0U);
  expect_usable();
}

TEST_F(Faults, AFullDiskWhileWriting) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 5));
  faults_ = {{FileOp::write, "data-", ENOSPC}};
  EXPECT_EQ(store_.append(pages()[5]).error().code, ErrorCode::exhausted);
  EXPECT_EQ(store_.read(pages()[5]), TestRead::miss);
  EXPECT_EQ(count_hits(), 5U);
  expect_usable();
}

TEST_F(Faults, ADiskThatSomebodyElseFills) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 20));
  const auto filler = std::move(disk_->open("/filler", {.write = true, .create = true}).value());
  ASSERT_TRUE(filler->allocate(0, disk_->space("/")->available));
  // It evicts its own pages to go on, or says that it can't; what it has is right.
  for (const NewPage& page : pages()) {
    const Status appended = store_.append(page);
    EXPECT_TRUE(appended || appended.error().code == ErrorCode::exhausted) << appended.error().message;
  }
  EXPECT_GT(count_hits(), 0U);
  EXPECT_LE(bytes_on_disk(*disk_, "/store"), tiny_store().capacity);
  ASSERT_TRUE(filler->truncate(0));
  expect_usable();
}

TEST_F(Faults, ASegmentWhoseWriteFailedIsNeverWrittenAgain) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 3));
  faults_ = {{FileOp::write, "data-00001.seg", EIO}};
  EXPECT_EQ(store_.append(pages()[3]).error().code, ErrorCode::transient);
  EXPECT_EQ(store_.read(pages()[3]), TestRead::miss) << "an entry of the index comes after its bytes";
  EXPECT_EQ(count_hits(), 3U);
  faults_.clear();
  written_.clear();
  ASSERT_TRUE(append_pages(3, 20));
  ASSERT_TRUE(store_->checkpoint());
  for (const std::string& path : written_) EXPECT_NE(path, "/store/data-00001.seg");
  EXPECT_EQ(count_hits(), 20U);
  expect_usable();
}

TEST_F(Faults, AFailedReadIsAnErrorAndNothingIsForgotten) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 3));
  faults_ = {{FileOp::read, "data-", EIO}};
  const auto read = read_test_page(store_.store(), pages()[1]);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::transient);
  EXPECT_FALSE(read_test_page(store_.store(), pages()[1], true));
  const auto report = store_->check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->damage_count, 3U) << "a page that can't be read is reported";
  EXPECT_TRUE(store_->may_contain(pages()[1].key));
  faults_.clear();
  EXPECT_EQ(count_hits(), 3U);
  expect_usable();
}

TEST_F(Faults, AStartThatCannotReadRemovesNothing) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 20));
  ASSERT_TRUE(store_->close());
  store_.abandon();
  const auto before = segment_files(*disk_, "/store");
  faults_ = {{FileOp::read, "data-", EIO}};
  const Status opened = store_.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::transient);
  faults_.clear();
  EXPECT_EQ(segment_files(*disk_, "/store"), before);
  ASSERT_TRUE(store_.open());
  EXPECT_EQ(count_hits(), 20U);
}

TEST_F(Faults, ADirectoryOfSomebodyElseStopsNothing) {
  ASSERT_TRUE(disk_->make_directories("/store/lost+found"));
  faults_ = {{FileOp::list, "lost+found", EACCES}};
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 3));
  EXPECT_EQ(count_hits(), 3U);
}

TEST_F(Faults, NoDescriptors) {
  faults_ = {{FileOp::open, "", EMFILE}};
  EXPECT_EQ(store_.open().error().code, ErrorCode::exhausted);
  faults_.clear();
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 2));
  faults_ = {{FileOp::open, "", EMFILE}};
  const Status appended = append_pages(2, page_count);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::exhausted);
  EXPECT_GE(count_hits(), 2U) << "open files are read";
  expect_usable();
}

TEST_F(Faults, AReadOnlyDisk) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 10));
  for (const FileOp operation : {FileOp::write, FileOp::allocate, FileOp::truncate, FileOp::rename, FileOp::remove}) {
    faults_.push_back({operation, "", EROFS});
  }
  EXPECT_EQ(append_pages(10, page_count).error().code, ErrorCode::denied);
  EXPECT_EQ(count_hits(), 10U);
  const Status closed = store_->close();
  EXPECT_FALSE(closed) << "what could not be saved is not silent";
  EXPECT_EQ(store_.open().error().code, ErrorCode::denied);
  faults_.clear();
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(count_hits(), 10U);
  expect_usable();
}

TEST_F(Faults, AFailedSyncIsAnErrorAndPromisesNothing) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 20));
  faults_ = {{FileOp::sync, "", EIO}};
  EXPECT_FALSE(store_->checkpoint());
  faults_.clear();
  EXPECT_EQ(count_hits(), 20U);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto left = disk_->after_crash(seed);
    StoreForTest again(*left, tiny_store());
    ASSERT_TRUE(again.open());
    for (const NewPage& page : pages()) again.read(page);
  }
  expect_usable();
}

TEST_F(Faults, ASnapshotThatIsNotRenamedLeavesTheOldOne) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(0, 10));
  ASSERT_TRUE(store_->close());
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(append_pages(10, 20));
  faults_ = {{FileOp::rename, "index", EIO}};
  EXPECT_FALSE(store_->close());
  faults_.clear();
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(count_hits(), 20U) << "the footers tell what the snapshot does not";
  expect_usable();
}

TEST_F(Faults, ASegmentThatCannotBeRemovedStillCounts) {
  ASSERT_NO_FATAL_FAILURE(open());
  faults_ = {{FileOp::remove, "data-", EIO}};
  for (int round = 0; round < 4; ++round) {
    for (const NewPage& page : pages()) {
      (void)store_.append(page);
      ASSERT_LE(bytes_on_disk(*disk_, "/store"), tiny_store().capacity);
    }
    for (const NewPage& page : pages()) store_->remove(page.key);
  }
  expect_usable();
  EXPECT_LE(bytes_on_disk(*disk_, "/store"), tiny_store().capacity);
}

/// A life of the store in which any step may fail; only what a step says itself is believed.
class FaultSweep : public Faults, public testing::WithParamInterface<int> {
 protected:
  void live() {
    if (!store_.open() && !store_.open()) return;
    for (std::size_t i = 0; i < page_count; ++i) {
      (void)store_.append(pages()[i]);
      const auto read = read_test_page(store_.store(), pages()[i / 2]);
      if (read) EXPECT_NE(*read, TestRead::corrupt) << "page " << i / 2;
      if (i % 13 == 5) (void)store_->checkpoint();
      if (i % 17 == 7) store_->remove(pages()[i / 3].key);
      if (i % 19 == 11) (void)store_->upkeep(10'000);
      if (i == 40) (void)store_->compact();
      if (i != 30) continue;
      (void)store_->close();
      if (!store_.open() && !store_.open()) return;
    }
  }
};

TEST_P(FaultSweep, AnyOneOperationMayFail) {
  sweep_error_ = GetParam();
  live();
  const std::uint64_t all = asked_;
  ASSERT_GT(all, 200U);
  const std::uint64_t step = sanitized_divisor == 1 ? 1 : 7;
  for (std::uint64_t at = 1; at <= all && !HasFailure(); at += step) {
    SCOPED_TRACE(fmt::format("operation {} of {} fails with errno {}", at, all, GetParam()));
    store_.abandon();
    for (const std::string directory : {"/store/index", "/store"}) {
      const auto entries = disk_->list(directory);
      if (!entries) continue;
      for (const env::DirectoryEntry& entry : *entries) {
        if (entry.type == env::FileType::regular) ASSERT_TRUE(disk_->remove_file(directory + "/" + entry.name));
      }
    }
    asked_ = 0;
    fail_from_ = at;
    fail_to_ = at + 1 + at % 3;  // one, or a few after each other
    live();
    fail_from_ = fail_to_ = 0;
    if (!store_.is_open()) ASSERT_NO_FATAL_FAILURE(open());
    count_hits();
    expect_usable();
    EXPECT_LE(bytes_on_disk(*disk_, "/store"), tiny_store().capacity);
  }
}

INSTANTIATE_TEST_SUITE_P(Errno, FaultSweep, testing::Values(EIO, ENOSPC, EMFILE, EROFS));

}  // namespace
}  // namespace seekfs::segmentstore
