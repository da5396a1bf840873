// The kinds of target that there are; made by target.cc alone.
#pragma once

#include <memory>
#include <string>

#include "bench/endpoint.h"
#include "bench/target.h"

namespace seekfs::bench {

/// SeekFS over HTTP: /blob for single reads, /readv for batches.
std::unique_ptr<Target> make_daemon_target(std::string name, Endpoint endpoint, std::string ns);
/// A directory: preadv(2) on files that are opened for each read of a whole file, and stay open for ranges.
std::unique_ptr<Target> make_directory_target(std::string name, std::string directory, env::FileSystem& files);

}  // namespace seekfs::bench
