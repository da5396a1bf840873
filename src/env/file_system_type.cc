// Names of file systems by their magic numbers, and which of them may lie on another machine.
#include <fmt/format.h>

#include <array>

#include "env/posix_call.h"

namespace seekfs::env {
namespace {

struct Known {
  std::uint32_t magic = 0;
  std::string_view name;
  bool network = false;
};

/// From statfs(2), linux/magic.h and the sources of those that live outside the kernel.
constexpr auto known_types = std::to_array<Known>({
    {0xEF53, "ext4", false},  // ext2 and ext3 have the same number
    {0x58465342, "xfs", false},     {0x9123683E, "btrfs", false},   {0xCA451A4E, "bcachefs", false},
    {0xF2F52010, "f2fs", false},    {0x2FC12FC1, "zfs", false},     {0x01021994, "tmpfs", false},
    {0x858458F6, "ramfs", false},   {0x794C7630, "overlay", false}, {0x73717368, "squashfs", false},
    {0x4D44, "vfat", false},        {0x2011BAB0, "exfat", false},   {0x7366746E, "ntfs3", false},
    {0x6969, "nfs", true},          {0xFF534D42, "cifs", true},     {0xFE534D42, "cifs", true},  // SMB 2 and 3
    {0x517B, "smb", true},          {0x65735546, "fuse", true},     {0x01021997, "9p", true},
    {0x00C36400, "ceph", true},     {0x0BD00BD0, "lustre", true},   {0x5346414F, "afs", true},  // of OpenAFS
    {0x6B414653, "afs", true},                                                                  // of the kernel
    {0x73757245, "coda", true},     {0x47504653, "gpfs", true},     {0x19830326, "beegfs", true},
    {0x20030528, "orangefs", true}, {0x7461636F, "ocfs2", true},    {0x01161970, "gfs2", true},
    {0x786F4256, "vboxsf", true},
});

}  // namespace

std::string file_system_type(std::uint32_t magic) {
  for (const Known& known : known_types) {
    if (known.magic == magic) return std::string(known.name);
  }
  return fmt::format("0x{:08x}", magic);
}

bool is_network_file_system(std::string_view type) noexcept {
  for (const Known& known : known_types) {
    if (known.name == type) return known.network;
  }
  return false;
}

}  // namespace seekfs::env
