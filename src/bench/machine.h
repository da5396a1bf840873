// The machine that a report's figures come from.
#pragma once

#include <string>

#include "env/file.h"

namespace seekfs::bench {

struct Machine {
  std::string cpu;     ///< model name, "unknown" where /proc/cpuinfo has none
  std::string cores;   ///< that this process may use
  std::string memory;  ///< that this process may use
  std::string kernel;  ///< name, release and architecture
};

Machine this_machine(env::FileSystem& files);

}  // namespace seekfs::bench
