// Files and directories of this machine: reads, writes, locks, boundaries, and the errors of each.
#include "env/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "env/temp_directory_testing.h"

namespace seekfs::env {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class FileTest : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return root_ / name; }
  void write_text(const std::string& name, const std::string& text) { std::ofstream(at(name)) << text; }
  std::unique_ptr<File> create(const std::string& name) {
    auto file = files_.open(at(name), {.read = true, .write = true, .create = true});
    EXPECT_TRUE(file) << file.error().message;
    return std::move(*file);
  }
  std::unique_ptr<Directory> directory() {
    auto opened = files_.open_directory(root_);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  TempDirectory directory_;
  fs::path root_ = directory_.path();
  FileSystem& files_ = posix_file_system();
};

template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::internal : result.error().code;
}

TEST_F(FileTest, ReadsWhatWasWritten) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, bytes_of("hello")));
  ASSERT_TRUE(file->write_at(10, bytes_of("world")));
  std::array<std::byte, 20> out{};
  EXPECT_EQ(file->read_at(0, out).value(), 15U);
  EXPECT_EQ(std::memcmp(out.data(), "hello\0\0\0\0\0world", 15), 0);
  EXPECT_EQ(file->read_at(13, out).value(), 2U);
  EXPECT_EQ(file->read_at(15, out).value(), 0U);
  EXPECT_EQ(file->read_at(1000, out).value(), 0U);
  EXPECT_EQ(code_of(file->read_at(~0ULL, out)), ErrorCode::invalid);
  EXPECT_EQ(code_of(file->write_at(~0ULL, bytes_of("x"))), ErrorCode::invalid);
}

TEST_F(FileTest, TryReadGivesCachedBytesOrAsksForAPool) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, bytes_of("cached")));
  std::array<std::byte, 6> out{};
  const auto count = file->try_read_at(0, out);
  if (count) {
    EXPECT_EQ(*count, 6U);
    EXPECT_EQ(std::memcmp(out.data(), "cached", 6), 0);
  } else {
    EXPECT_EQ(count.error().code, ErrorCode::transient);  // a file system without RWF_NOWAIT
  }
}

TEST_F(FileTest, TellsAndChangesFacts) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, bytes_of("12345")));
  ASSERT_TRUE(file->truncate(3));
  ASSERT_TRUE(file->set_modified(1'234'567'890'123'456'789));
  const FileInfo info = file->info().value();
  EXPECT_EQ(info.type, FileType::regular);
  EXPECT_EQ(info.size, 3U);
  EXPECT_EQ(info.mtime_ns, 1'234'567'890'123'456'789);
  EXPECT_EQ(info.links, 1U);
  EXPECT_EQ(files_.stat(at("a"))->inode, info.inode);
  ASSERT_TRUE(file->allocate(0, 100'000));
  EXPECT_GE(file->info()->allocated, 100'000U);
  EXPECT_TRUE(file->sync_data());
  ASSERT_TRUE(files_.remove_file(at("a")));
  EXPECT_EQ(file->info()->links, 0U);
}

TEST_F(FileTest, OpensAsAsked) {
  write_text("a", "old");
  EXPECT_EQ(code_of(files_.open(at("absent"), {})), ErrorCode::not_found);
  EXPECT_EQ(code_of(files_.open(at("a"), {.write = true, .create = true, .exclusive = true})),
            ErrorCode::precondition_failed);
  EXPECT_EQ(code_of(files_.open(at("a/b"), {})), ErrorCode::invalid);
  fs::create_symlink("a", at("link"));
  EXPECT_TRUE(files_.open(at("link"), {}));
  EXPECT_EQ(code_of(files_.open(at("link"), {.no_follow = true})), ErrorCode::invalid);
  const auto truncated = files_.open(at("a"), {.write = true, .truncate = true});
  ASSERT_TRUE(truncated);
  EXPECT_EQ((*truncated)->info()->size, 0U);
  ASSERT_TRUE(files_.open(at("private"), {.write = true, .create = true, .permissions = 0600}));
  EXPECT_EQ(files_.stat(at("private"))->mode & 0777U, 0600U);
  const auto missing = files_.open(at("absent"), {});
  EXPECT_NE(missing.error().message.find(at("absent")), std::string::npos) << missing.error().message;
}

TEST_F(FileTest, OpenFilesAreNotInherited) {
  const auto count_inheritable = [] {
    int count = 0;
    for (int descriptor = 3; descriptor < 100; ++descriptor) {
      const int flags = ::fcntl(descriptor, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ++count;
    }
    return count;
  };
  const int before = count_inheritable();
  const auto file = create("a");
  const auto held = directory();
  const auto below = held->open("a", {});
  EXPECT_EQ(count_inheritable(), before);
}

TEST_F(FileTest, AFifoDoesNotHang) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const auto opened = files_.open(at("fifo"), {});
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->info()->type, FileType::other);
}

TEST_F(FileTest, LockExcludesAnotherOpenInThisProcess) {
  const auto first = create("lock");
  auto second = create("lock");
  EXPECT_EQ(first->lock(false).value(), true);
  EXPECT_EQ(second->lock(false).value(), false);
  EXPECT_EQ(first->lock(false).value(), true) << "holding it already";
}

TEST_F(FileTest, LockEndsWithItsFile) {
  auto first = create("lock");
  const auto second = create("lock");
  ASSERT_TRUE(first->lock(true).value());
  first.reset();
  EXPECT_EQ(second->lock(false).value(), true);
}

TEST_F(FileTest, LockExcludesOtherProcessesUntilTheyEnd) {
  std::array<int, 2> locked{};
  std::array<int, 2> finish{};
  ASSERT_EQ(::pipe(locked.data()), 0);
  ASSERT_EQ(::pipe(finish.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto file = create("lock");
    char byte = file->lock(true).value_or(false) ? 'y' : 'n';
    const bool told = ::write(locked[1], &byte, 1) == 1 && ::read(finish[0], &byte, 1) == 1;
    ::_exit(told ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(locked[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  const auto file = create("lock");
  EXPECT_EQ(file->lock(false).value(), false);
  ASSERT_EQ(::write(finish[1], &byte, 1), 1);
  EXPECT_EQ(file->lock(true).value(), true) << "the process has ended";
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (const int descriptor : {locked[0], locked[1], finish[0], finish[1]}) ::close(descriptor);
}

TEST_F(FileTest, MakesAndRemovesDirectories) {
  EXPECT_TRUE(files_.make_directories(at("a/b/c")));
  EXPECT_TRUE(files_.make_directories(at("a/b/c/")));
  EXPECT_TRUE(files_.make_directories(at("a/b/d/"), 0700));
  EXPECT_EQ(files_.stat(at("a/b/d"))->mode & 0777U, 0700U);
  EXPECT_EQ(code_of(files_.remove_directory(at("a/b"))), ErrorCode::precondition_failed);
  EXPECT_TRUE(files_.remove_directory(at("a/b/c")));
  EXPECT_EQ(code_of(files_.remove_directory(at("a/b/c"))), ErrorCode::not_found);
  write_text("file", "x");
  EXPECT_EQ(code_of(files_.make_directories(at("file"))), ErrorCode::invalid);
  EXPECT_EQ(code_of(files_.make_directories(at("file/below"))), ErrorCode::invalid);
  EXPECT_EQ(code_of(files_.make_directories("")), ErrorCode::not_found);
}

TEST_F(FileTest, ListsEntriesWithTheirTypes) {
  write_text("file", "x");
  fs::create_directory(at("dir"));
  fs::create_symlink("file", at("link"));
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  auto entries = files_.list(root_).value();
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].type, FileType::directory);
  EXPECT_EQ(entries[1].type, FileType::other);
  EXPECT_EQ(entries[2].type, FileType::regular);
  EXPECT_EQ(entries[3].type, FileType::symlink);
  EXPECT_EQ(code_of(files_.list(at("absent"))), ErrorCode::not_found);
  EXPECT_EQ(code_of(files_.list(at("file"))), ErrorCode::invalid);
}

TEST_F(FileTest, RenamesResolvesAndSyncs) {
  write_text("a", "new");
  write_text("b", "old");
  ASSERT_TRUE(files_.rename(at("a"), at("b")));
  EXPECT_EQ(read_file(files_, at("b"), 10).value(), "new");
  EXPECT_EQ(code_of(files_.rename(at("a"), at("b"))), ErrorCode::not_found);
  fs::create_symlink("b", at("link"));
  EXPECT_EQ(files_.canonical(at("./link")).value(), fs::canonical(root_).string() + "/b");
  EXPECT_EQ(files_.lstat(at("link"))->type, FileType::symlink);
  EXPECT_EQ(files_.stat(at("link"))->type, FileType::regular);
  EXPECT_TRUE(files_.sync_directory(root_));
  EXPECT_TRUE(files_.sync_file_system(root_));
  const auto space = files_.space(root_).value();
  EXPECT_GT(space.total, 0U);
  EXPECT_LE(space.available, space.total);
}

TEST_F(FileTest, ReadFileHasALimit) {
  write_text("a", "12345");
  EXPECT_EQ(read_file(files_, at("a"), 5).value(), "12345");
  EXPECT_EQ(code_of(read_file(files_, at("a"), 4)), ErrorCode::too_large);
  EXPECT_EQ(code_of(read_file(files_, at("absent"), 4)), ErrorCode::not_found);
  const std::string large(1'000'000, 'x');
  write_text("large", large);
  EXPECT_TRUE(read_file(files_, at("large"), 1'000'000) == large);
  EXPECT_EQ(code_of(read_file(files_, at("large"), 999'999)), ErrorCode::too_large);
  EXPECT_GT(read_file(files_, "/proc/self/status", 100'000)->size(), 100U) << "a file that says it has no bytes";
}

TEST_F(FileTest, WriteFileAtomicallyReplaces) {
  for (const bool durable : {false, true}) {
    ASSERT_TRUE(write_file_atomically(files_, at("a"), durable ? "two" : "one", durable, 0600));
    EXPECT_EQ(read_file(files_, at("a"), 10).value(), durable ? "two" : "one");
  }
  EXPECT_EQ(files_.stat(at("a"))->mode & 0777U, 0600U);
  EXPECT_EQ(files_.list(root_)->size(), 1U) << "a temporary file was left";
  EXPECT_EQ(code_of(write_file_atomically(files_, at("absent/a"), "x", false)), ErrorCode::not_found);
}

TEST_F(FileTest, ADirectoryIsABoundary) {
  fs::create_directories(at("in/sub"));
  write_text("out", "outside");
  write_text("in/a", "inside");
  fs::create_symlink("../out", at("in/escape"));
  fs::create_symlink(at("in/a"), at("in/absolute"));
  fs::create_symlink("../a", at("in/sub/up"));
  const std::unique_ptr<Directory> in = std::move(files_.open_directory(at("in")).value());
  EXPECT_TRUE(in->stat("a"));
  for (const std::string name : {"../out", "sub/../../out", "..", "/etc/passwd", "escape", "absolute"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(code_of(in->open(name, {})), ErrorCode::denied);
    EXPECT_EQ(code_of(in->stat(name)), ErrorCode::denied);
    EXPECT_EQ(code_of(in->list(name)), ErrorCode::denied);
  }
  EXPECT_EQ(code_of(in->open("../new", {.write = true, .create = true})), ErrorCode::denied);
  EXPECT_EQ(code_of(in->make_directories("../new")), ErrorCode::denied);
  EXPECT_EQ(code_of(in->rename("a", "../new")), ErrorCode::denied);
  EXPECT_EQ(code_of(in->rename("../out", "b")), ErrorCode::denied);
  EXPECT_EQ(code_of(in->remove_file("../out")), ErrorCode::denied);
  EXPECT_EQ(code_of(in->remove_directory("..")), ErrorCode::invalid);
  EXPECT_EQ(code_of(in->remove_directory("sub/..")), ErrorCode::invalid);
  EXPECT_EQ(code_of(in->stat(std::string("a\0b", 3))), ErrorCode::invalid);
  EXPECT_TRUE(in->stat("sub/up"));
  EXPECT_EQ(in->lstat("escape")->type, FileType::symlink);
  EXPECT_TRUE(fs::exists(at("out")));
  EXPECT_FALSE(fs::exists(at("new")));
}

TEST_F(FileTest, ADirectoryWorksBelowItself) {
  const auto held = directory();
  EXPECT_TRUE(held->make_directories("x/y/z"));
  EXPECT_TRUE(held->make_directories("x/y/z"));
  EXPECT_TRUE(held->open("x/y/z/file", {.write = true, .create = true}));
  EXPECT_TRUE(held->rename("x/y/z/file", "x/file"));
  EXPECT_EQ(held->list("x")->size(), 2U);
  EXPECT_EQ(held->list("")->size(), 1U);
  EXPECT_EQ(code_of(held->make_directories("x/file/below")), ErrorCode::invalid);
  EXPECT_EQ(code_of(held->remove_directory("x")), ErrorCode::precondition_failed);
  EXPECT_TRUE(held->remove_file("x/file"));
  EXPECT_TRUE(held->remove_directory("x/y/z"));
  EXPECT_EQ(code_of(held->remove_file("x/file")), ErrorCode::not_found);
  const fs::path moved = root_.string() + "-moved";
  fs::rename(root_, moved);
  EXPECT_TRUE(held->stat("x/y")) << "still the same directory";
  fs::rename(moved, root_);
  EXPECT_EQ(code_of(files_.open_directory(at("absent"))), ErrorCode::not_found);
}

}  // namespace
}  // namespace seekfs::env
