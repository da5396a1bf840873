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
/// Plain GETs of S3, one for each read, on a blocking connection a thread: the bare client that a cache has to beat.
/// Signed (SigV4) with $AWS_ACCESS_KEY_ID, $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN for $AWS_REGION (us-east-1),
/// without the first unsigned. `invalid` for an address that has not the form of TargetOptions::address, as one with
/// https.
Result<std::unique_ptr<Target>> make_s3_target(const TargetOptions& options, env::Clock& clock);

}  // namespace seekfs::bench
