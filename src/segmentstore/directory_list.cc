// Comparing directories, and the highest hash.
#include "segmentstore/directory_list.h"

#include <fmt/format.h>

#include "base/sha256.h"
#include "segmentstore/little_endian.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint32_t private_directory = 0700;

std::string resolved(env::FileSystem& files, const std::string& path) {
  if (!files.make_directories(path, private_directory)) return path;
  return files.canonical(path).value_or(path);
}

/// The SplitMix64 finalizer (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t mixed(std::uint64_t word) noexcept {
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
  word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
  return word ^ (word >> 31U);
}

}  // namespace

Status check_directories(env::FileSystem& files, const std::vector<std::string>& paths) {
  if (paths.empty()) return fail(ErrorCode::invalid, "the page cache needs at least one directory");
  std::vector<std::string> seen;
  for (const std::string& path : paths) {
    const std::string here = resolved(files, path);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (here == seen[i]) {
        return fail(ErrorCode::invalid, fmt::format("the page cache's directory {} is given twice (as {} before): "
                                                    "name each once",
                                                    path, paths[i]));
      }
      if (here.starts_with(seen[i] + "/") || seen[i].starts_with(here + "/")) {
        return fail(ErrorCode::invalid, fmt::format("of the page cache's directories {} and {} one lies in the other: "
                                                    "give each a place of its own",
                                                    paths[i], path));
      }
    }
    seen.push_back(here);
  }
  return {};
}

PageDealer::PageDealer(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) seeds_.push_back(load_u64(sha256(path).bytes.data()));
}

std::size_t PageDealer::directory_of(Fingerprint fingerprint) const noexcept {
  std::size_t best = 0;
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < seeds_.size(); ++i) {
    const std::uint64_t score = mixed(fingerprint ^ seeds_[i]);
    if (i != 0 && score <= highest) continue;
    best = i;
    highest = score;
  }
  return best;
}

}  // namespace seekfs::segmentstore
