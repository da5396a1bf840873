// Every operation asks the plan, is refused when it says so, and passes through when it does not.
#include "env/faulty_file_system.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "env/temp_directory_testing.h"

namespace seekfs::env {
namespace {

namespace fs = std::filesystem;

class FaultyFiles : public testing::Test {
 protected:
  /// Runs every operation once; the codes of those that failed, in order, and the operations that were asked about.
  std::vector<std::optional<ErrorCode>> run_all() {
    std::vector<std::optional<ErrorCode>> codes;
    const auto note = [&](const auto& result) {
      codes.push_back(result ? std::nullopt : std::optional(result.error().code));
    };
    const std::string a = root_ / "a";
    std::array<std::byte, 4> buffer{};
    note(files_->open(a, {.write = true, .create = true}));
    note(files_->open_directory(root_));
    note(files_->stat(a));
    note(files_->lstat(a));
    note(files_->list(root_));
    note(files_->make_directories(root_ / "d/e"));
    note(files_->rename(a, root_ / "b"));
    note(files_->rename(root_ / "b", a));
    note(files_->canonical(root_));
    note(files_->sync_file_system(root_));
    note(files_->sync_directory(root_));
    note(files_->space(root_));
    note(files_->type_name(root_));
    note(files_->remove_directory(root_ / "d/e"));
    note(file_->write_at(0, buffer));
    note(file_->set_modified(0));
    note(file_->read_at(0, buffer));
    note(file_->truncate(4));
    note(file_->allocate(0, 4));
    note(file_->sync_data());
    note(file_->info());
    note(file_->lock(false));
    note(directory_->make_directories("x/y"));
    note(directory_->open("x/f", {.write = true, .create = true}));
    note(directory_->stat("x"));
    note(directory_->lstat("x"));
    note(directory_->list("x"));
    note(directory_->rename("x/f", "x/g"));
    note(directory_->remove_file("x/g"));
    note(directory_->remove_directory("x/y"));
    note(files_->remove_file(a));
    return codes;
  }

  TempDirectory temporary_;
  fs::path root_ = temporary_.path();
  std::optional<int> error_number_;
  std::vector<std::pair<FileOp, std::string>> asked_;
  std::unique_ptr<FileSystem> files_ =
      make_faulty_file_system(posix_file_system(), [this](FileOp operation, const std::string& path) {
        asked_.emplace_back(operation, path);
        return error_number_;
      });
  std::unique_ptr<File> file_;
  std::unique_ptr<Directory> directory_;
};

TEST_F(FaultyFiles, RefusesOrPassesOnEveryOperation) {
  file_ = std::move(files_->open(root_ / "held", {.write = true, .create = true}).value());
  directory_ = std::move(files_->open_directory(root_).value());
  error_number_ = ENOSPC;
  const std::vector<std::optional<ErrorCode>> refused = run_all();
  for (std::size_t i = 0; i < refused.size(); ++i) EXPECT_EQ(refused[i], ErrorCode::exhausted) << i;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root_)) names.push_back(entry.path().filename());
  EXPECT_EQ(names, std::vector<std::string>{"held"}) << "a refused operation touches nothing";

  error_number_.reset();
  const std::vector<std::optional<ErrorCode>> passed = run_all();
  for (std::size_t i = 0; i < passed.size(); ++i) EXPECT_EQ(passed[i], std::nullopt) << i;
  EXPECT_EQ(file_->info()->size, 4U);
}

TEST_F(FaultyFiles, TellsThePlanOperationAndPath) {
  const std::string a = root_ / "a";
  const auto file = std::move(files_->open(a, {.write = true, .create = true}).value());
  const std::array<std::byte, 1> data{};
  ASSERT_TRUE(file->write_at(0, data));
  const auto directory = std::move(files_->open_directory(root_).value());
  ASSERT_TRUE(directory->rename("a", "b"));
  EXPECT_EQ(asked_, (std::vector<std::pair<FileOp, std::string>>{
                        {FileOp::open, a}, {FileOp::write, a}, {FileOp::open, root_}, {FileOp::rename, root_ / "b"}}));
}

TEST_F(FaultyFiles, AFailedAtomicWriteLeavesTheOldFile) {
  const std::string a = root_ / "a";
  ASSERT_TRUE(write_file_atomically(posix_file_system(), a, "old", false));
  for (const FileOp failing : {FileOp::open, FileOp::write, FileOp::sync, FileOp::rename}) {
    const auto files = make_faulty_file_system(posix_file_system(), [&](FileOp operation, const std::string&) {
      return operation == failing ? std::optional(EIO) : std::nullopt;
    });
    const Status written = write_file_atomically(*files, a, "new", true);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::transient);
    EXPECT_EQ(read_file(posix_file_system(), a, 10).value(), "old");
    EXPECT_EQ(posix_file_system().list(root_)->size(), 1U) << "a temporary file was left";
  }
}

}  // namespace
}  // namespace seekfs::env
