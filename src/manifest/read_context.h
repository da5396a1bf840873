// What the parts of one manifest's reader share: the limits, and the counts that they are compared with.
#pragma once

#include <cstdint>

#include "manifest/codec.h"

namespace seekfs::manifest {

struct ReadContext {
  ReadLimits limits;
  std::uint64_t pages = 0;  ///< of all files so far
  std::uint64_t files = 0;
};

}  // namespace seekfs::manifest
