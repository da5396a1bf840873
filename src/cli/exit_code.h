// What seekfs-ctl's exit code says.
#pragma once

#include "base/error.h"

namespace seekfs::cli {

/// The one table of exit codes; docs/man/seekfs-ctl.1 shows it.
enum class ExitCode : int {
  ok = 0,
  failure = 1,    ///< this machine: the daemon does not answer, a file cannot be written, an error of the program
  usage = 2,      ///< the command line or the configuration
  mismatch = 3,   ///< bytes are not what the manifest says
  conflict = 4,   ///< somebody else changed the same thing
  not_found = 5,  ///< no such namespace, version or file
  origin = 6,     ///< the store is away, refuses us or cannot be used
};

ExitCode exit_code(ErrorCode code) noexcept;

}  // namespace seekfs::cli
