// What the simulated disk keeps and loses at a crash: every kind of loss is seen to happen, and nothing that was synced
// is ever lost.
#include "env/simulated_disk_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "env/faulty_file_system.h"

namespace seekfs::env {
namespace {

constexpr std::uint64_t seeds = 400;
constexpr OpenMode create{.read = true, .write = true, .create = true};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string content(FileSystem& files, const std::string& path) {
  return read_file(files, path, 1U << 20U).value_or("(none)");
}

/// A file whose name and content are durable.
std::unique_ptr<File> durable_file(FileSystem& files, const std::string& path, std::string_view text) {
  auto file = std::move(files.open(path, create).value());
  EXPECT_TRUE(file->write_at(0, bytes_of(text)));
  EXPECT_TRUE(files.sync_file_system("/"));
  return file;
}

/// What `describe` says of the disk after each of many crashes.
template <class Describe>
std::set<std::string> outcomes(const SimulatedDisk& disk, Describe describe) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto left = disk.after_crash(seed);
    seen.insert(describe(*left));
  }
  return seen;
}

TEST(SimulatedDisk, WhatIsSyncedStays) {
  const auto disk = make_simulated_disk(1U << 20U);
  ASSERT_TRUE(disk->make_directories("/a/b"));
  ASSERT_TRUE(disk->sync_directory("/"));
  ASSERT_TRUE(disk->sync_directory("/a"));
  const auto file = std::move(disk->open("/a/b/f", create).value());
  ASSERT_TRUE(disk->sync_directory("/a/b"));
  const std::string text(10'000, 'x');
  ASSERT_TRUE(file->write_at(0, bytes_of(text)));
  ASSERT_TRUE(file->sync_data());
  ASSERT_TRUE(disk->rename("/a/b/f", "/a/g"));
  ASSERT_TRUE(disk->sync_directory("/a"));
  EXPECT_EQ(outcomes(*disk, [&](FileSystem& files) { return content(files, "/a/g"); }), std::set<std::string>{text});
}

TEST(SimulatedDisk, EachSectorIsKeptOrLostInAnyOrder) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = durable_file(*disk, "/f", std::string(1536, 'a'));
  ASSERT_TRUE(file->write_at(0, bytes_of(std::string(1536, 'b'))));
  ASSERT_TRUE(file->write_at(0, bytes_of(std::string(512, 'c'))));
  const auto seen = outcomes(*disk, [](FileSystem& files) {
    const std::string text = content(files, "/f");
    return std::string{text[0], text[512], text[1024]};
  });
  for (const char* state : {"aaa", "bbb", "cbb", "caa", "aba", "aab", "bab"})
    EXPECT_TRUE(seen.contains(state)) << state;
  EXPECT_FALSE(seen.contains("aac")) << "only the first sector was ever c";
}

TEST(SimulatedDisk, ASectorCanBeTorn) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = durable_file(*disk, "/f", std::string(8192, 'a'));
  ASSERT_TRUE(file->write_at(0, bytes_of(std::string(8192, 'b'))));
  std::set<std::string> seen;
  for (const std::string& text : outcomes(*disk, [](FileSystem& files) { return content(files, "/f"); })) {
    ASSERT_EQ(text.size(), 8192U);
    for (std::size_t begin = 0; begin < text.size(); begin += 512) {
      const std::string sector = text.substr(begin, 512);
      const auto count = std::ranges::count(sector, 'b');
      seen.insert(count == 0 ? "old" : count == 512 ? "new" : sector[0] == 'b' ? "new, then old" : "old, then new");
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old", "new", "new, then old", "old, then new"}));
}

TEST(SimulatedDisk, ALaterWriteNeverHurtsSyncedBytesOfItsSector) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = durable_file(*disk, "/f", std::string(100, 'a'));
  ASSERT_TRUE(file->write_at(100, bytes_of(std::string(100, 'b'))));
  for (const std::string& text : outcomes(*disk, [](FileSystem& files) { return content(files, "/f"); })) {
    EXPECT_EQ(text.substr(0, 100), std::string(100, 'a'));
  }
}

TEST(SimulatedDisk, SizesAreKeptOrLostApartFromBytes) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = durable_file(*disk, "/f", "a");
  ASSERT_TRUE(file->write_at(0, bytes_of(std::string(600, 'b'))));
  ASSERT_TRUE(file->truncate(3));
  const auto seen = outcomes(*disk, [](FileSystem& files) {
    const std::string text = content(files, "/f");
    return fmt::format("{} {}", text.size(), std::ranges::count(text, 'b'));
  });
  for (const char* state : {"1 0", "600 600", "3 3", "3 0", "600 3", "600 0", "1 1", "600 512"}) {
    EXPECT_TRUE(seen.contains(state)) << state;
  }
}

TEST(SimulatedDisk, ALostWriteToANewBlockMayShowWhatWasThereBefore) {
  const auto disk = make_simulated_disk(1U << 20U);
  ASSERT_TRUE(durable_file(*disk, "/old", std::string(4096, 'o')));
  const auto file = durable_file(*disk, "/f", "");
  ASSERT_TRUE(disk->remove_file("/old"));
  ASSERT_TRUE(disk->sync_directory("/"));
  ASSERT_TRUE(file->write_at(0, bytes_of(std::string(4096, 'n'))));
  const auto seen = outcomes(*disk, [](FileSystem& files) {
    const std::string text = content(files, "/f");
    return text.empty() ? std::string("empty") : std::string(1, text[0]);
  });
  EXPECT_EQ(seen, (std::set<std::string>{"empty", std::string(1, '\0'), "o", "n"}));
}

std::string names(FileSystem& files, const std::string& path) {
  std::string all;
  for (const DirectoryEntry& entry : files.list(path).value()) all += entry.name + " ";
  return all;
}

TEST(SimulatedDisk, NamesAreKeptOrLost) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto kept = durable_file(*disk, "/old", "");
  ASSERT_TRUE(disk->open("/new", create));
  ASSERT_TRUE(disk->remove_file("/old"));
  EXPECT_EQ(outcomes(*disk, [](FileSystem& files) { return names(files, "/"); }),
            (std::set<std::string>{"", "new ", "new old ", "old "}));
}

TEST(SimulatedDisk, ARenameIsOldOrNew) {
  const auto disk = make_simulated_disk(1U << 20U);
  ASSERT_TRUE(durable_file(*disk, "/target", "old"));
  ASSERT_TRUE(durable_file(*disk, "/temporary", "new"));
  ASSERT_TRUE(disk->rename("/temporary", "/target"));
  EXPECT_EQ(content(*disk, "/target"), "new");
  EXPECT_EQ(outcomes(*disk, [](FileSystem& files) { return content(files, "/target") + content(files, "/temporary"); }),
            (std::set<std::string>{"oldnew", "new(none)"}));
}

TEST(SimulatedDisk, SyncingADirectoryBringsTheCreationOfWhatWasRenamedThere) {
  const auto disk = make_simulated_disk(1U << 20U);
  ASSERT_TRUE(disk->make_directories("/from"));
  ASSERT_TRUE(disk->make_directories("/to"));
  ASSERT_TRUE(disk->sync_directory("/"));
  ASSERT_TRUE(disk->open("/from/f", create));
  ASSERT_TRUE(disk->open("/from/other", create));
  ASSERT_TRUE(disk->rename("/from/f", "/to/f"));
  ASSERT_TRUE(disk->sync_directory("/to"));
  EXPECT_EQ(outcomes(*disk, [](FileSystem& files) { return names(files, "/from") + "| " + names(files, "/to"); }),
            (std::set<std::string>{"| f ", "other | f "}));
}

TEST(SimulatedDisk, ALostDirectoryTakesItsFilesAlong) {
  const auto disk = make_simulated_disk(1U << 20U);
  ASSERT_TRUE(disk->make_directories("/d"));
  const auto file = std::move(disk->open("/d/f", create).value());
  ASSERT_TRUE(file->sync_data());
  ASSERT_TRUE(disk->sync_directory("/d"));
  EXPECT_EQ(outcomes(*disk, [](FileSystem& files) { return files.stat("/d") ? names(files, "/d") : "gone"; }),
            (std::set<std::string>{"f ", "gone"}));
}

TEST(SimulatedDisk, ANewFileOfAnOldNameDoesNotDestroyTheRenamedOne) {
  const auto disk = make_simulated_disk(1U << 20U);
  ASSERT_TRUE(durable_file(*disk, "/log", "first"));
  ASSERT_TRUE(disk->rename("/log", "/log.old"));
  ASSERT_TRUE(disk->open("/log", create));
  for (const std::string& both :
       outcomes(*disk, [](FileSystem& files) { return content(files, "/log") + "," + content(files, "/log.old"); })) {
    EXPECT_NE(both.find("first"), std::string::npos) << both;
  }
}

/// Two writes, a sync between them, a rename: seven operations.
void work(FileSystem& files) {
  const auto file = files.open("/f", create);
  if (!file) return;
  const Status first = (*file)->write_at(0, bytes_of(std::string(1000, 'a')));
  const Status synced = (*file)->sync_data();
  const Status names_synced = files.sync_directory("/");
  const Status second = (*file)->write_at(0, bytes_of(std::string(1000, 'b')));
  const Status renamed = files.rename("/f", "/g");
  const Status last = files.sync_directory("/");
  EXPECT_EQ(first && synced && names_synced && second && renamed && last, bool(last));
}

TEST(SimulatedDisk, CrashesAtEveryOperation) {
  std::set<std::string> killed;
  for (std::uint64_t operation = 1; operation <= 7; ++operation) {
    const auto disk = make_simulated_disk(1U << 20U);
    disk->crash_at(operation);
    work(*disk);
    EXPECT_TRUE(disk->crashed());
    EXPECT_EQ(disk->operations(), operation);
    EXPECT_EQ(disk->cut_operation(), operation == 2 || operation == 5 ? "write /f" : disk->cut_operation());
    EXPECT_FALSE(disk->stat("/"));
    EXPECT_FALSE(disk->open("/f", create));
    const auto left = disk->after_kill();
    const std::string f = content(*left, "/f");
    const std::string g = content(*left, "/g");
    killed.insert(fmt::format("{} {} {}", operation, f.substr(0, 1), g.substr(0, 1)));
    if (operation >= 5) {
      for (const std::string& both :
           outcomes(*disk, [](FileSystem& files) { return content(files, "/f") + content(files, "/g"); })) {
        EXPECT_EQ(both.size(), 1006U) << "one of the two names is there, with all bytes";
      }
    }
  }
  for (const char* state : {"3 a (", "4 a (", "7 ( b"}) EXPECT_TRUE(killed.contains(state)) << state;
  const auto disk = make_simulated_disk(1U << 20U);
  disk->crash_at(8);
  work(*disk);
  EXPECT_FALSE(disk->crashed());
}

TEST(SimulatedDisk, TheWriteAtTheCrashMayBeDoneInPart) {
  std::set<std::string> parts;
  for (std::uint64_t before = 0; before < 20; ++before) {
    const auto disk = make_simulated_disk(1U << 20U);
    const auto file = durable_file(*disk, "/f", "");
    for (std::uint64_t i = 0; i < before; ++i) ASSERT_TRUE(file->write_at(0, bytes_of("x")));
    disk->crash_at(disk->operations() + 1);
    EXPECT_FALSE(file->write_at(0, bytes_of(std::string(3000, 'n'))));
    const std::size_t size = content(*disk->after_kill(), "/f").size();
    parts.insert(size < 2 ? "none" : size < 3000 ? "some" : "all");
  }
  EXPECT_EQ(parts, (std::set<std::string>{"none", "some", "all"}));
}

TEST(SimulatedDisk, AKillLosesNothingAndMakesNothingDurable) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = durable_file(*disk, "/f", "old");
  ASSERT_TRUE(file->write_at(0, bytes_of("new")));
  ASSERT_TRUE(file->lock(false).value());
  const auto killed = disk->after_kill();
  EXPECT_EQ(content(*killed, "/f"), "new");
  EXPECT_EQ(outcomes(*killed, [](FileSystem& files) { return content(files, "/f"); }).count("old"), 1U);
  const auto again = std::move(killed->open("/f", create).value());
  EXPECT_TRUE(again->lock(false).value()) << "locks end with the process";
  ASSERT_TRUE(again->write_at(0, bytes_of("third")));
  EXPECT_EQ(content(*disk, "/f"), "new") << "the two are separate disks";
}

TEST(SimulatedDisk, TheSameSeedGivesTheSameDisk) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = durable_file(*disk, "/f", std::string(100'000, 'a'));
  ASSERT_TRUE(file->write_at(5, bytes_of(std::string(90'000, 'b'))));
  ASSERT_TRUE(disk->open("/g", create));
  std::set<std::string> different;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::string once = content(*disk->after_crash(seed), "/f");
    EXPECT_TRUE(once == content(*disk->after_crash(seed), "/f"));
    different.insert(once);
  }
  EXPECT_GT(different.size(), 20U);
}

TEST(SimulatedDisk, HasACapacity) {
  const auto disk = make_simulated_disk(10 * 4096);
  EXPECT_EQ(disk->space("/")->available, 9U * 4096) << "the root takes one block";
  ASSERT_TRUE(disk->make_directories("/d"));
  const auto file = std::move(disk->open("/d/f", create).value());
  EXPECT_EQ(file->allocate(0, 9 * 4096).error().code, ErrorCode::exhausted);
  ASSERT_TRUE(file->allocate(0, 4 * 4096));
  EXPECT_EQ(file->info()->size, 4U * 4096);
  EXPECT_EQ(file->info()->allocated, 4U * 4096);
  EXPECT_EQ(disk->space("/")->available, 4U * 4096);
  EXPECT_TRUE(file->write_at(0, bytes_of(std::string(4 * 4096, 'x')))) << "space was reserved";
  const Status written = file->write_at(4 * 4096 + 10, bytes_of(std::string(5 * 4096, 'x')));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::exhausted);
  EXPECT_EQ(file->info()->size, 8U * 4096) << "what fits is written";
  EXPECT_EQ(disk->make_directories("/e").error().code, ErrorCode::exhausted);
  ASSERT_TRUE(file->truncate(100));
  EXPECT_EQ(disk->space("/")->available, 7U * 4096);
  ASSERT_TRUE(file->write_at(3 * 4096, bytes_of("x")));
  EXPECT_EQ(file->info()->allocated, 2U * 4096) << "holes take nothing";
  ASSERT_TRUE(disk->remove_file("/d/f"));
  EXPECT_EQ(disk->space("/")->available, 6U * 4096) << "it is open still";
  EXPECT_EQ(disk->after_kill()->space("/")->available, 8U * 4096);
}

TEST(SimulatedDisk, GivesSpaceBackWhenTheLastNameAndTheLastUserAreGone) {
  const auto disk = make_simulated_disk(1U << 20U);
  auto file = durable_file(*disk, "/a", std::string(5000, 'x'));
  ASSERT_TRUE(durable_file(*disk, "/b", std::string(5000, 'x')));
  const std::uint64_t before = disk->space("/")->available;
  ASSERT_TRUE(disk->rename("/b", "/a"));
  EXPECT_EQ(disk->space("/")->available, before);
  file.reset();
  EXPECT_EQ(disk->space("/")->available, before + 8192);
}

TEST(SimulatedDisk, AnswersAsARealOne) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = durable_file(*disk, "/f", "text");
  ASSERT_TRUE(disk->make_directories("/d/e"));
  const auto code = [](const auto& result) { return result ? ErrorCode::internal : result.error().code; };
  EXPECT_EQ(code(disk->open("/absent", {})), ErrorCode::not_found);
  EXPECT_EQ(code(disk->open("/absent/f", create)), ErrorCode::not_found);
  EXPECT_EQ(code(disk->open("/f/g", create)), ErrorCode::invalid);
  EXPECT_EQ(code(disk->open("/f", {.write = true, .create = true, .exclusive = true})), ErrorCode::precondition_failed);
  EXPECT_EQ(code(disk->remove_directory("/d")), ErrorCode::precondition_failed);
  EXPECT_EQ(code(disk->remove_directory("/f")), ErrorCode::invalid);
  EXPECT_EQ(code(disk->remove_file("/d")), ErrorCode::invalid);
  EXPECT_EQ(code(disk->remove_file("/absent")), ErrorCode::not_found);
  EXPECT_EQ(code(disk->rename("/absent", "/x")), ErrorCode::not_found);
  EXPECT_EQ(code(disk->rename("/d", "/d/e/x")), ErrorCode::invalid);
  EXPECT_EQ(code(disk->list("/f")), ErrorCode::invalid);
  EXPECT_EQ(code(disk->make_directories("/f/x")), ErrorCode::invalid);
  EXPECT_EQ(names(*disk, "/"), "d f ");
  EXPECT_EQ(disk->list("/")->front().type, FileType::directory);
  EXPECT_TRUE(disk->make_directories("/d/e/"));
  EXPECT_TRUE(disk->rename("/d/e", "/e"));
  EXPECT_TRUE(disk->remove_directory("/d"));
  EXPECT_EQ(disk->stat("/f")->links, 1U);
  ASSERT_TRUE(disk->remove_file("/f"));
  EXPECT_EQ(file->info()->links, 0U);
  EXPECT_EQ(file->read_at(0, {}).value(), 0U);
  EXPECT_EQ(disk->type_name("/").value(), "ext4");
  const auto held = std::move(disk->open_directory("/e").value());
  EXPECT_TRUE(held->open("x", create));
  EXPECT_TRUE(disk->stat("/e/x"));
  EXPECT_EQ(code(held->open("../x", create)), ErrorCode::denied);
}

TEST(SimulatedDisk, ReadsAndWritesPieces) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto file = std::move(disk->open("/f", create).value());
  const std::string long_piece(9000, 'l');
  const std::vector<std::span<const std::byte>> pieces = {bytes_of("one"), {}, bytes_of(long_piece), bytes_of("end")};
  ASSERT_TRUE(file->write_gather_at(4000, pieces));
  EXPECT_TRUE(content(*disk, "/f") == std::string(4000, '\0') + "one" + long_piece + "end");
  std::string first(2, '-');
  std::string second(9010, '-');
  const std::vector<std::span<std::byte>> targets = {std::as_writable_bytes(std::span(first)),
                                                     std::as_writable_bytes(std::span(second))};
  EXPECT_EQ(file->read_scatter_at(4001, targets).value(), 9005U);
  EXPECT_TRUE(first + second.substr(0, 9003) == "ne" + long_piece + "end");
  EXPECT_EQ(file->try_read_scatter_at(4001, targets).value(), 9005U);
  disk->set_page_cache(false);
  EXPECT_EQ(file->try_read_scatter_at(4001, targets).error().code, ErrorCode::transient);
}

TEST(SimulatedDisk, LocksBelongToAnOpenFile) {
  const auto disk = make_simulated_disk(1U << 20U);
  auto first = durable_file(*disk, "/lock", "");
  const auto second = std::move(disk->open("/lock", create).value());
  EXPECT_TRUE(first->lock(false).value());
  EXPECT_TRUE(first->lock(false).value());
  EXPECT_FALSE(second->lock(false).value());
  first.reset();
  EXPECT_TRUE(second->lock(false).value());
}

TEST(SimulatedDisk, TakesScriptedFaultsOnTop) {
  const auto disk = make_simulated_disk(1U << 20U);
  const auto files = make_faulty_file_system(*disk, [](FileOp operation, const std::string&) {
    return operation == FileOp::sync ? std::optional(EIO) : std::nullopt;
  });
  EXPECT_EQ(write_file_atomically(*files, "/f", "x", true).error().code, ErrorCode::transient);
  EXPECT_TRUE(write_file_atomically(*files, "/f", "x", false));
  EXPECT_EQ(content(*disk, "/f"), "x");
}

}  // namespace
}  // namespace seekfs::env
