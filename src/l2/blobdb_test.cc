// The L2 contract on `blobdb`, and what it does at restarts, with damage, and when its disk says no.
#include "l2/blobdb.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <utility>
#include <vector>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "env/faulty_file_system.h"
#include "env/temp_directory_testing.h"
#include "l2/l2_contract_testing.h"

namespace seekfs::l2 {
namespace {

namespace fs = std::filesystem;
using manifest::PageKey;

constexpr std::uint32_t page_size = 64U << 10U;

Result<std::unique_ptr<BlobDb>> try_open(const std::string& path, std::uint64_t capacity) {
  return open_blobdb({.files = env::posix_file_system(), .log = null_logger()}, {.path = path, .capacity = capacity});
}

std::unique_ptr<BlobDb> open(const std::string& path, std::uint64_t capacity = 64U << 20U) {
  auto opened = try_open(path, capacity);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

class BlobDbContract : public testing::TestWithParam<L2ContractCase> {};
TEST_P(BlobDbContract, Holds) {
  std::vector<std::unique_ptr<env::TempDirectory>> directories;
  GetParam().run({.make = [&](std::uint64_t capacity) -> std::unique_ptr<L2> {
                    directories.push_back(std::make_unique<env::TempDirectory>());
                    return open(directories.back()->path(), capacity);
                  },
                  .settle = [](L2& l2) { dynamic_cast<BlobDb&>(l2).flush(); },
                  .tight = 3U << 20U});
}
INSTANTIATE_TEST_SUITE_P(L2, BlobDbContract, testing::ValuesIn(l2_contract_cases()), l2_contract_name);

PageKey key_of(std::uint32_t number) {
  PageKey key;
  key.file = sha256("blobdb " + std::to_string(number));
  key.page_id = number;
  key.off = std::uint64_t{number} * page_size;
  key.len = page_size;
  return key;
}

std::vector<std::byte> bytes_of(std::uint32_t number) {
  std::vector<std::byte> bytes(page_size);
  std::mt19937_64 random(number);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(&bytes[at], &word, sizeof word);
  }
  return bytes;
}

void put(BlobDb& l2, std::uint32_t number) {
  MutablePage page = MutablePage::allocate(page_size, nullptr);
  std::ranges::copy(bytes_of(number), page.bytes().begin());
  const PageFacts facts{.crc32c = crc32c(page.bytes())};
  l2.put(key_of(number), facts, std::move(page).seal());
  l2.flush();
}

/// A hit with wrong bytes would get past only if the fetcher did not check the CRC32C, which it does: so none counts.
bool hit(BlobDb& l2, std::uint32_t number) {
  const std::vector<std::byte> wanted = bytes_of(number);
  std::vector<std::byte> out(page_size);
  const Result<bool> result = async::sync_wait(l2.get(key_of(number), {.crc32c = crc32c(wanted)}, out));
  EXPECT_TRUE(result);
  if (!result || !*result) return false;
  EXPECT_EQ(out, wanted) << number;
  return true;
}

TEST(BlobDb, KeepsPagesOverARestart) {
  const env::TempDirectory directory;
  std::uint64_t bytes = 0;
  {
    const auto l2 = open(directory.path());
    for (std::uint32_t i = 0; i < 50; ++i) put(*l2, i);
    l2->remove(key_of(7));
    l2->flush();
    bytes = l2->disks().at(0).live_bytes;
  }
  for (int restart = 0; restart < 2; ++restart) {
    const auto l2 = open(directory.path());
    EXPECT_EQ(l2->stats().pages, 49U);
    EXPECT_EQ(l2->disks().at(0).live_bytes, bytes);
    for (std::uint32_t i = 0; i < 50; ++i) EXPECT_EQ(hit(*l2, i), i != 7) << i;
  }
}

TEST(BlobDb, EvictsTheOldestFirstAlsoAfterARestart) {
  const env::TempDirectory directory;
  constexpr std::uint64_t capacity = 4U << 20U;
  std::uint32_t next = 0;
  for (int restart = 0; restart < 3; ++restart) {
    const auto l2 = open(directory.path(), capacity);
    for (int i = 0; i < 60; ++i) put(*l2, next++);
    EXPECT_LE(l2->stats().bytes, capacity);
    EXPECT_GT(l2->stats().pages, 20U);
    const auto held = static_cast<std::uint32_t>(l2->stats().pages);
    for (std::uint32_t i = 0; i < next; ++i) EXPECT_EQ(hit(*l2, i), i >= next - held) << i;
  }
}

TEST(BlobDb, EvictsWhatASmallerCapacityDoesNotHold) {
  const env::TempDirectory directory;
  {
    const auto l2 = open(directory.path(), 16U << 20U);
    for (std::uint32_t i = 0; i < 100; ++i) put(*l2, i);
    EXPECT_EQ(l2->stats().pages, 100U);
  }
  const auto l2 = open(directory.path(), 2U << 20U);
  EXPECT_LE(l2->stats().bytes, 2U << 20U);
  EXPECT_GT(l2->stats().pages, 0U);
  EXPECT_TRUE(hit(*l2, 99));
  EXPECT_FALSE(hit(*l2, 0));
}

std::uint64_t disk_bytes(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

/// Ten times the capacity goes in; what RocksDB leaves on disk is within it, and so is what disks() says all the time.
TEST(BlobDb, ItsFilesFollowWhatItHolds) {
  const env::TempDirectory directory;
  constexpr std::uint64_t capacity = 8U << 20U;
  {
    const auto l2 = open(directory.path(), capacity);
    for (std::uint32_t i = 0; i < 1280; ++i) {
      put(*l2, i);
      ASSERT_LE(l2->disks().at(0).disk_bytes, capacity) << i;
    }
    const auto done = async::sync_wait(l2->compact());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(l2->disks().at(0).damaged_pages, 0U);
  }
  EXPECT_LE(disk_bytes(directory.path()), capacity);
}

TEST(BlobDb, DropsPagesThatWaitForTooManyOthers) {
  const env::TempDirectory directory;
  auto opened = open_blobdb({.files = env::posix_file_system(), .log = null_logger()},
                            {.path = directory.path(), .capacity = 64U << 20U, .queue_bytes = page_size - 1});
  ASSERT_TRUE(opened);
  put(**opened, 1);
  EXPECT_FALSE(hit(**opened, 1));
  EXPECT_EQ((*opened)->disks().at(0).dropped_pages, 1U);
}

TEST(BlobDb, OtherBytesThanTheManifestsAreAMiss) {
  const env::TempDirectory directory;
  const auto l2 = open(directory.path());
  put(*l2, 1);
  std::vector<std::byte> out(page_size);
  EXPECT_FALSE(async::sync_wait(l2->get(key_of(1), {.crc32c = 1}, out)).value());
  EXPECT_FALSE(l2->may_contain(key_of(1), {}));
}

TEST(BlobDb, ForgetsAll) {
  const env::TempDirectory directory;
  const auto l2 = open(directory.path());
  for (std::uint32_t i = 0; i < 20; ++i) put(*l2, i);
  const auto dropped = async::sync_wait(l2->drop_all());
  ASSERT_TRUE(dropped) << dropped.error().message;
  EXPECT_EQ(l2->stats().pages, 0U);
  EXPECT_EQ(l2->stats().bytes, 0U);
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_FALSE(hit(*l2, i));
  put(*l2, 3);
  EXPECT_TRUE(hit(*l2, 3));
}

/// The blob files, overwritten in their middle while the tier has them open.
void damage_blobs(const std::string& path) {
  for (const auto& entry : fs::directory_iterator(path + "/blobdb")) {
    if (entry.path().extension() != ".blob") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    file.put('!').put('?');
  }
}

TEST(BlobDb, FindsAndForgetsDamagedPages) {
  const env::TempDirectory directory;
  const auto l2 = open(directory.path());
  for (std::uint32_t i = 0; i < 20; ++i) put(*l2, i);
  ASSERT_TRUE(async::sync_wait(l2->compact()));  // everything is in one blob file
  auto report = async::sync_wait(l2->check());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->pages, 20U);
  EXPECT_EQ(report->damage_count, 0U);
  damage_blobs(directory.path());
  report = async::sync_wait(l2->check());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->pages, 19U);
  EXPECT_EQ(report->damage_count, 1U);
  ASSERT_EQ(report->damage.size(), 1U);
  EXPECT_FALSE(report->damage[0].what.empty());
  l2->flush();
  EXPECT_EQ(async::sync_wait(l2->check())->damage_count, 0U);
  EXPECT_EQ(l2->stats().pages, 19U);
}

TEST(BlobDb, ADamagedPageIsAMiss) {
  const env::TempDirectory directory;
  const auto l2 = open(directory.path());
  for (std::uint32_t i = 0; i < 20; ++i) put(*l2, i);
  ASSERT_TRUE(async::sync_wait(l2->compact()));
  damage_blobs(directory.path());
  std::uint32_t hits = 0;
  for (std::uint32_t i = 0; i < 20; ++i) hits += hit(*l2, i) ? 1U : 0U;
  EXPECT_EQ(hits, 19U);
  EXPECT_EQ(l2->disks().at(0).damaged_pages, 1U);
}

void damage_one(const fs::path& root, std::mt19937& random) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  const fs::path& path = files[random() % files.size()];
  const auto size = fs::file_size(path);
  switch (random() % 5) {
    case 0: fs::remove(path); return;
    case 1: fs::resize_file(path, size == 0 ? 10 : random() % size); return;
    case 2: fs::rename(files[random() % files.size()], path); return;
    default: break;
  }
  if (size == 0) return;
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(random() % size);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ (1 << random() % 8)));
}

/// Whatever happened to its files: it opens, gives right bytes or misses, and takes new pages, at the latest after one
/// more start.
TEST(BlobDb, SurvivesDamage) {
#ifdef SEEKFS_SANITIZED
  constexpr std::uint32_t seeds = 10;
#else
  constexpr std::uint32_t seeds = 40;
#endif
  constexpr std::uint32_t count = 30;
  const env::TempDirectory made;
  {
    const auto l2 = open(made.path(), 8U << 20U);
    for (std::uint32_t i = 0; i < count; ++i) put(*l2, i);
  }
  std::uint32_t lost = 0;
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const env::TempDirectory copy;
    fs::copy(made.path(), copy.path(), fs::copy_options::recursive);
    damage_one(copy.path(), random);
    for (std::uint32_t start = 0; start < 2; ++start) {
      const auto l2 = open(copy.path(), 8U << 20U);
      for (std::uint32_t i = 0; i < count; ++i) lost += hit(*l2, i) ? 0U : 1U;
      for (std::uint32_t i = 0; i < count; ++i) put(*l2, 1000 + start * 100 + i);
    }
    const auto l2 = open(copy.path(), 8U << 20U);
    put(*l2, 5000);
    EXPECT_TRUE(hit(*l2, 5000));
    EXPECT_LE(l2->stats().bytes, 8U << 20U);
  }
  EXPECT_GT(lost, 0U);
}

TEST(BlobDb, ADirectoryThatIsOpenIsAConflict) {
  const env::TempDirectory directory;
  const auto l2 = open(directory.path());
  const auto second = try_open(directory.path(), 64U << 20U);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  EXPECT_NE(second.error().message.find(directory.path()), std::string::npos);
}

TEST(BlobDb, ACapacityBelowTheLeastIsInvalid) {
  const env::TempDirectory directory;
  EXPECT_EQ(try_open(directory.path(), BlobDbOptions::min_capacity - 1).error().code, ErrorCode::invalid);
  const auto l2 = open(directory.path(), BlobDbOptions::min_capacity);
  for (std::uint32_t i = 0; i < 40; ++i) put(*l2, i);
  EXPECT_GT(l2->stats().pages, 0U);
  EXPECT_LE(l2->stats().bytes, BlobDbOptions::min_capacity);
}

TEST(BlobDb, AReadOnlyDirectoryIsDenied) {
  const env::TempDirectory directory;
  const auto files = env::make_faulty_file_system(
      env::posix_file_system(), [](env::FileOp op, const std::string&) -> std::optional<int> {
        return op == env::FileOp::make_directory ? std::optional(EROFS) : std::nullopt;
      });
  const auto opened =
      open_blobdb({.files = *files, .log = null_logger()}, {.path = directory.path(), .capacity = 64U << 20U});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::denied);
}

TEST(BlobDb, AFileInItsPlaceIsAnErrorThatNamesIt) {
  const env::TempDirectory directory;
  std::ofstream(directory.at("blobdb")) << "not a folder";
  const auto opened = try_open(directory.path(), 64U << 20U);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find(directory.at("blobdb")), std::string::npos);
}

}  // namespace
}  // namespace seekfs::l2
