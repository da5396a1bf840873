// The files of a benchmark: how many, how large, where; all of it follows from a few numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "env/file.h"

namespace seekfs::bench {

/// Describes the files below a directory or in a namespace. Sizes in bytes.
struct DataSet {
  std::uint64_t seed = 1;
  std::uint64_t shards = 8;
  std::uint64_t shard_size = 256 * MiB;
  std::uint64_t small_files = 10'000;
  std::uint64_t small_min = 4 * KiB;
  std::uint64_t small_max = 256 * KiB;

  bool operator==(const DataSet&) const = default;

  static std::string shard_path(std::uint64_t number);  ///< "shards/shard-00007.bin"
  static std::string small_path(std::uint64_t number);  ///< "small/00001/file-00001234.bin": a thousand a directory
  /// Log-uniform between small_min and small_max: as many files of 4–8 KiB as of 128–256 KiB.
  std::uint64_t small_size(std::uint64_t number) const;
  std::uint64_t total_bytes() const;
};

/// Where the description lies among the files: every target carries its own.
inline constexpr std::string_view description_path = "seekfs-bench.json";

/// `invalid` with what is wrong: no files at all, sizes of 0, small_min above small_max, numbers beyond 10 million
/// files or 1 PiB.
Status check(const DataSet& data);

std::string to_json(const DataSet& data);
/// `invalid` when the text is no description of this format.
Result<DataSet> parse_data_set(std::string_view json);

/// Writes all files below `directory`, which is created, and the description last. Files that are there with the right
/// size are written again: only the bytes say that they are right. Returns the bytes written. Errors of the file
/// system; precondition_failed when the directory holds another data set.
Result<std::uint64_t> prepare(const DataSet& data, const std::string& directory, env::FileSystem& files);

}  // namespace seekfs::bench
