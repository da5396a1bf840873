// Damage to the files of a store that is not open: bits, sectors, lengths, and files in the wrong place.
#pragma once

#include <cstdint>
#include <string>

#include "env/file.h"
#include "env/random.h"

namespace seekfs::segmentstore {

/// Files that are no part of a store; those that add_foreign_files() made must still be there afterwards.
void add_foreign_files(env::FileSystem& files, const std::string& path);
bool has_foreign_files(env::FileSystem& files, const std::string& path);

/// Damages the store in `path` in one to three ways; `other` is a whole store to take foreign files from. Says what it
/// did, for the message of a failure.
std::string damage_store(env::FileSystem& files, const std::string& path, const std::string& other,
                         env::Random& random);

/// Replaces a file, which is created when missing.
void put_file(env::FileSystem& files, const std::string& path, const std::string& content);

}  // namespace seekfs::segmentstore
