// Reads and writes of many pieces at once: order, ends of files, more pieces than one system call takes; and the names
// of file systems.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>

#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "env/file.h"
#include "env/posix_call.h"
#include "env/posix_pieces.h"

namespace seekfs::env {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::unique_ptr<File> memory_file() {
  Descriptor descriptor(::memfd_create("gathered", MFD_CLOEXEC));
  EXPECT_TRUE(descriptor.valid());
  return make_posix_file(std::move(descriptor), "gathered");
}

std::string content_of(File& file) {
  std::string content(file.info()->size, '\0');
  EXPECT_EQ(file.read_at(0, std::as_writable_bytes(std::span(content))).value(), content.size());
  return content;
}

TEST(GatheredIo, WritesPiecesOneBehindTheOther) {
  const auto file = memory_file();
  const std::vector<std::span<const std::byte>> pieces = {bytes_of("one"), bytes_of(""), bytes_of("two"),
                                                          bytes_of("3")};
  ASSERT_TRUE(file->write_gather_at(2, pieces));
  EXPECT_EQ(content_of(*file), std::string("\0\0onetwo3", 9));
  EXPECT_TRUE(file->write_gather_at(100, {}));
  EXPECT_EQ(file->info()->size, 9U) << "nothing was to be written";
}

TEST(GatheredIo, WritesMorePiecesThanOneCallTakes) {
  const auto file = memory_file();
  const std::string text = [] {
    std::string all(3 * IOV_MAX + 7, 'x');
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>('a' + i * 7 % 26);
    return all;
  }();
  std::vector<std::span<const std::byte>> pieces;
  for (std::size_t i = 0; i < text.size(); ++i) {
    pieces.push_back(bytes_of(std::string_view(text).substr(i, 1)));
    if (i % 5 == 0) pieces.emplace_back();
  }
  ASSERT_TRUE(file->write_gather_at(0, pieces));
  EXPECT_TRUE(content_of(*file) == text);

  std::string read(text.size() + 10, '-');
  std::vector<std::span<std::byte>> targets;
  for (char& byte : read) targets.push_back(std::as_writable_bytes(std::span(&byte, 1)));
  EXPECT_EQ(file->read_scatter_at(0, targets).value(), text.size());
  EXPECT_TRUE(read == text + std::string(10, '-'));
}

TEST(GatheredIo, ReadsUntilFullOrTheFileEnds) {
  const auto file = memory_file();
  ASSERT_TRUE(file->write_at(0, bytes_of("abcdefgh")));
  std::string first(3, '-');
  std::string second(4, '-');
  const std::vector<std::span<std::byte>> pieces = {
      std::as_writable_bytes(std::span(first)), {}, std::as_writable_bytes(std::span(second))};
  EXPECT_EQ(file->read_scatter_at(1, pieces).value(), 7U);
  EXPECT_EQ(first + "|" + second, "bcd|efgh");
  EXPECT_EQ(file->read_scatter_at(4, pieces).value(), 4U);
  EXPECT_EQ(first + "|" + second, "efg|hfgh");
  EXPECT_EQ(file->read_scatter_at(8, pieces).value(), 0U);
  EXPECT_EQ(file->read_scatter_at(~0ULL, pieces).error().code, ErrorCode::invalid);
  const auto tried = file->try_read_scatter_at(0, pieces);
  if (tried) {
    EXPECT_EQ(*tried, 7U);
    EXPECT_EQ(first + "|" + second, "abc|defg");
  } else {
    EXPECT_EQ(tried.error().code, ErrorCode::transient);  // a file system without RWF_NOWAIT
  }
}

TEST(GatheredIo, TheCursorContinuesInsideAPiece) {
  const std::vector<std::string> texts = {"abc", "", "defgh", "i"};
  std::vector<std::span<const std::byte>> pieces;
  for (const std::string& text : texts) pieces.push_back(bytes_of(text));
  for (std::uint64_t step = 1; step <= 9; ++step) {
    PieceCursor<const std::byte> cursor(pieces);
    std::string seen;
    while (cursor.left() > 0) {
      const iovec front = cursor.next().front();
      const std::uint64_t count = std::min<std::uint64_t>(step, front.iov_len);
      seen.append(static_cast<const char*>(front.iov_base), count);
      cursor.advance(count);
    }
    EXPECT_EQ(seen, "abcdefghi") << step;
    EXPECT_TRUE(cursor.next().empty());
  }
}

TEST(GatheredIo, AFailedWriteIsAnError) {
  Descriptor descriptor(::memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::fcntl(descriptor.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  const auto file = make_posix_file(std::move(descriptor), "sealed");
  const std::vector<std::span<const std::byte>> pieces = {bytes_of("one"), bytes_of("two")};
  EXPECT_EQ(file->write_gather_at(0, pieces).error().code, ErrorCode::denied);
}

TEST(FileSystemType, HasNamesAndKnowsNetworks) {
  EXPECT_EQ(file_system_type(EXT4_SUPER_MAGIC), "ext4");
  EXPECT_EQ(file_system_type(TMPFS_MAGIC), "tmpfs");
  EXPECT_EQ(file_system_type(OVERLAYFS_SUPER_MAGIC), "overlay");
  EXPECT_EQ(file_system_type(NFS_SUPER_MAGIC), "nfs");
  EXPECT_EQ(file_system_type(CIFS_SUPER_MAGIC), "cifs");
  EXPECT_EQ(file_system_type(V9FS_MAGIC), "9p");
  EXPECT_EQ(file_system_type(0x1234), "0x00001234");
  for (const std::string_view type : {"nfs", "cifs", "smb", "fuse", "9p", "ceph", "lustre", "afs"}) {
    EXPECT_TRUE(is_network_file_system(type)) << type;
  }
  for (const std::string_view type : {"ext4", "xfs", "tmpfs", "overlay", "btrfs", "0x00001234", ""}) {
    EXPECT_FALSE(is_network_file_system(type)) << type;
  }
  EXPECT_FALSE(posix_file_system().type_name("/")->empty());
  EXPECT_EQ(posix_file_system().type_name("/absent/file").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace seekfs::env
