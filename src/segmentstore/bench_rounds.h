// What the parts of segmentstore_bench share: pages, stop watch, rounds of two rivals in turn, and the table.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "segmentstore/segment_store.h"

namespace seekfs::segmentstore::bench {

struct Bench {
  std::string directory;  ///< everything is made below it, and removed again
  int rounds = 5;
  std::uint64_t bytes = 512U << 20U;  ///< that a round writes or reads
  std::unique_ptr<env::Clock> clock = env::make_system_clock();
  std::unique_ptr<env::Random> random = env::make_system_random();

  std::string at(const std::string& name) const { return directory + "/" + name; }
  StoreParts parts() const { return {env::posix_file_system(), *random, null_logger()}; }
};

/// A measurement that failed is no measurement: says why and ends the program.
template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "segmentstore_bench: {}\n", result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}
inline void must_be(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "segmentstore_bench: {}\n", what);
  std::exit(1);
}

inline double seconds_of(const Bench& bench, const std::function<void()>& work) {
  const env::TimePoint begin = bench.clock->now();
  work();
  return std::chrono::duration<double>(bench.clock->now() - begin).count();
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// One side of a comparison: a function whose seconds are measured, and what comes before each time, unmeasured.
struct Side {
  std::function<void()> prepare;
  std::function<void()> work;
};

/// Both sides in turn, the first one alternating; prints amount per second of each and the ratio of the seconds.
inline void compare(const Bench& bench, const std::string& name, double amount, const std::string& unit,
                    const Side& ours, const Side& rival) {
  std::vector<double> our_rate;
  std::vector<double> rival_rate;
  std::vector<double> ratio;
  for (int round = 0; round < bench.rounds; ++round) {
    double ours_took = 0;
    double rival_took = 0;
    for (int turn = 0; turn < 2; ++turn) {
      const bool our_turn = (turn == 0) == (round % 2 == 0);
      const Side& side = our_turn ? ours : rival;
      if (side.prepare) side.prepare();
      (our_turn ? ours_took : rival_took) = seconds_of(bench, side.work);
    }
    our_rate.push_back(amount / ours_took);
    rival_rate.push_back(amount / rival_took);
    ratio.push_back(rival_took / ours_took);
  }
  const auto [least, most] = std::ranges::minmax(ratio);
  fmt::print("{:<52} {:>11.0f} {:>11.0f} {:<8} {:>5.2f}  ({:.2f} to {:.2f})\n", name, median(our_rate),
             median(rival_rate), unit, median(ratio), least, most);
  std::fflush(stdout);
}

inline void head(const std::string& title) {
  fmt::print("\n{:<52} {:>11} {:>11} {:<8} ratio  (spread)\n", title, "ours", "rival", "");
}

inline void figure(const std::string& name, const std::string& value) {
  fmt::print("{:<52} {}\n", name, value);
  std::fflush(stdout);
}

inline manifest::PageKey key_of(std::uint64_t number, std::uint32_t size) {
  manifest::PageKey key;
  // File keys are hashes; a mixed number looks the same to the store and is cheap to make.
  for (std::size_t i = 0; i < key.file.bytes.size(); ++i) {
    key.file.bytes[i] = static_cast<std::byte>((number * 0x9E3779B97F4A7C15U) >> (i % 8 * 8));
  }
  key.page_id = static_cast<std::uint32_t>(number);
  key.off = number * size;
  key.len = size;
  return key;
}

/// Pages whose bytes together exceed the processor's caches, used again and again under other keys.
class Pages {
 public:
  explicit Pages(std::uint32_t size, std::uint64_t total = 128U << 20U) {
    std::uint64_t word = size;
    for (std::uint64_t made = 0; made < std::max<std::uint64_t>(total / size, 1); ++made) {
      MutablePage page = MutablePage::allocate(size, nullptr);
      for (std::byte& one : page.bytes()) {
        word = word * 6364136223846793005U + 1442695040888963407U;
        one = static_cast<std::byte>(word >> 56U);
      }
      crcs_.push_back(crc32c(page.bytes()));
      pages_.push_back(std::move(page).seal());
    }
  }
  const PageRef& page(std::uint64_t number) const { return pages_[number % pages_.size()]; }
  std::uint32_t crc(std::uint64_t number) const { return crcs_[number % crcs_.size()]; }

 private:
  std::vector<PageRef> pages_;
  std::vector<std::uint32_t> crcs_;
};

void remove_tree(const std::string& path);
std::unique_ptr<SegmentStore> open_store(const Bench& bench, const std::string& name, std::uint64_t capacity);

// The parts of the program, one a file.
void measure_writes(const Bench& bench);
void measure_reads(const Bench& bench);
void measure_small_pages(const Bench& bench);
void measure_starts(const Bench& bench);
void measure_blobdb(const Bench& bench);
void measure_growth(const Bench& bench);

}  // namespace seekfs::segmentstore::bench
