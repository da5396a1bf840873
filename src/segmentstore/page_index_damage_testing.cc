// A saved index whose files are damaged by seed.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "segmentstore/page_index_subject_testing.h"

namespace seekfs::segmentstore {
namespace {

using namespace index_testing;
namespace fs = std::filesystem;

void flip_bits(const fs::path& path, std::mt19937_64& random) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = fs::file_size(path);
  for (std::uint64_t i = 0; i < 1 + random() % 4; ++i) {
    const auto at = static_cast<std::streamoff>(random() % size);
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ (1 << random() % 8)));
  }
}

void damage_one(const fs::path& root, std::mt19937_64& random) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  const fs::path& path = files[random() % files.size()];
  const auto size = fs::file_size(path);
  switch (random() % 6) {
    case 0: fs::remove(path); break;
    case 1: fs::resize_file(path, 0); break;
    case 2: fs::resize_file(path, size == 0 ? 100 : random() % size); break;
    case 3: fs::rename(files[random() % files.size()], path); break;
    default:
      if (size > 0) flip_bits(path, random);
  }
}

}  // namespace

std::uint64_t run_damage(const OpenIndex& open, std::uint64_t first, std::uint64_t count) {
  constexpr std::uint64_t numbers = 4000;
  Subject made(open);
  for (int save_number = 0; save_number < 2; ++save_number) {
    for (std::uint64_t i = 0; i < numbers; ++i) insert(made.index(), i);
    save(made.index(), {summary_of(1), summary_of(2)});
    if (save_number == 0) made->erase_segment(2);
  }
  made.close();
  std::uint64_t seen = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const env::TempDirectory copy;
    fs::copy(made.path(), copy.path(), fs::copy_options::recursive);
    damage_one(copy.path(), random);
    auto index = open(copy.path(), store);
    if (!index) return seen;
    const auto loaded = index->load(all_segments);
    if (!loaded) {
      ++seen;
      EXPECT_TRUE(loaded.error().code == ErrorCode::corrupt || loaded.error().code == ErrorCode::not_found)
          << loaded.error().message;
      EXPECT_EQ(index->size(), 0U);
    }
    for (std::uint64_t i = 0; i < numbers + 10; ++i) {
      const auto location = index->find(print_of(i));
      EXPECT_TRUE(!location || (loaded && i < numbers && *location == place_of(i))) << i;
    }
    for (SegmentNumber segment = 1; segment <= 7; ++segment) {
      for (const IndexEntry& entry : index->entries_of(segment))
        EXPECT_EQ(index->find(entry.fingerprint), entry.location);
    }
    index.reset();
    // Damage that was met only now is mended by the next start; what follows must hold then.
    index = open(copy.path(), store);
    if (!index) return seen;
    (void)index->load(all_segments);
    insert(*index, numbers);
    save(*index, {summary_of(3)});
    index.reset();
    index = open(copy.path(), store);
    const auto again = index->load(all_segments);
    EXPECT_TRUE(again) << again.error().message;
    EXPECT_TRUE(found(*index, numbers));
  }
  return seen;
}

}  // namespace seekfs::segmentstore
