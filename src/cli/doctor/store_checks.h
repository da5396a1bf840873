// The checks of `seekfs-ctl doctor` that use a store as SeekFS does; the same for every kind of store.
#pragma once

#include <string>
#include <string_view>

#include "cli/doctor/finding.h"
#include "env/clock.h"
#include "env/random.h"
#include "objectstore/object_store.h"

namespace seekfs::cli {

/// Where the keys are that check_write() makes.
inline constexpr std::string_view doctor_prefix = ".seekfs-doctor/";

/// range and latency, on an object that is there; nothing is changed. Blocks; errors are those of `sink`.
Status check_reads(objectstore::ObjectStore& store, const env::Clock& clock, const FindingSink& sink);

/// write, on a key of its own with a random name, which is removed whatever happens.
Finding check_write(objectstore::ObjectStore& store, const env::Clock& clock, env::Random& random);

}  // namespace seekfs::cli
