// A FileSystem that fails when it is told to: for tests of what happens on ENOSPC, EIO, short writes and slow disks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "env/file.h"

namespace seekfs::env {

enum class FileOp : std::uint8_t {
  open,
  read,
  write,
  truncate,
  allocate,
  sync,
  stat,
  list,
  make_directory,
  rename,
  remove,
  lock,
  space  ///< space() and type_name()
};

/// Asked before every operation; an errno value makes it fail with that error without touching the disk. Called from
/// any thread; may block, to imitate a slow disk.
using FaultPlan = std::function<std::optional<int>(FileOp, const std::string& path)>;

/// Passes everything on to `base`, which must outlive it, unless `plan` says otherwise.
std::unique_ptr<FileSystem> make_faulty_file_system(FileSystem& base, FaultPlan plan);

}  // namespace seekfs::env
