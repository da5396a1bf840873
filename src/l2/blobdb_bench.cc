// What the L2 `blobdb` costs beside RocksDB's BlobDB used bare, in turn in one run, for pages of 8 MiB and of 64 KiB:
// `l2_bench [--dir DIR] [--rounds N] [--mib N]`. Reads come from the page cache; writes end when they are durable.
#include <fmt/format.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "env/clock.h"
#include "env/process.h"
#include "l2/blobdb.h"

namespace seekfs::l2 {
namespace {

using manifest::PageKey;

struct Bench {
  std::string directory;  ///< everything is made below it, and removed again
  std::uint64_t rounds = 5;
  std::uint64_t bytes = 512U << 20U;  ///< that a round writes or reads
  std::unique_ptr<env::Clock> clock = env::make_system_clock();

  std::string at(const std::string& name) const { return directory + "/" + name; }
};

/// A measurement that failed is no measurement.
void must(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "l2_bench: {}\n", what);
  std::exit(1);
}

/// One side of a comparison: what is measured, and what comes before each time.
struct Side {
  std::function<void()> prepare;
  std::function<void()> work;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

double rate_of(const Bench& bench, const Side& side) {
  if (side.prepare) side.prepare();
  const env::TimePoint begin = bench.clock->now();
  side.work();
  return static_cast<double>(bench.bytes) / 1e6 / std::chrono::duration<double>(bench.clock->now() - begin).count();
}

/// Both sides in turn, the first one alternating; MB/s of each and the ratio of the two of a round, median and spread.
void compare(const Bench& bench, const std::string& name, const Side& ours, const Side& bare) {
  std::vector<double> our_rates;
  std::vector<double> bare_rates;
  std::vector<double> ratios;
  for (std::uint64_t round = 0; round < bench.rounds; ++round) {
    const bool we_begin = round % 2 == 0;
    const double first = rate_of(bench, we_begin ? ours : bare);
    const double second = rate_of(bench, we_begin ? bare : ours);
    our_rates.push_back(we_begin ? first : second);
    bare_rates.push_back(we_begin ? second : first);
    ratios.push_back(our_rates.back() / bare_rates.back());
  }
  const auto [least, most] = std::ranges::minmax(ratios);
  fmt::print("{:<36} {:>8.0f} {:>8.0f} MB/s   {:.2f}  ({:.2f} to {:.2f})\n", name, median(our_rates),
             median(bare_rates), median(ratios), least, most);
  std::fflush(stdout);
}

PageKey key_of(std::uint64_t number, std::uint32_t size) {
  PageKey key;
  for (std::size_t i = 0; i < key.file.bytes.size(); ++i) {
    key.file.bytes[i] = static_cast<std::byte>((number + 1) * 0x9E3779B97F4A7C15U >> (i % 8 * 8));
  }
  key.page_id = static_cast<std::uint32_t>(number);
  key.off = number * size;
  key.len = size;
  return key;
}
std::string name_of(std::uint64_t number) { return fmt::format("{:064x}", (number + 1) * 0x9E3779B97F4A7C15U); }

/// Pages of one size, both databases, and the order of the reads.
class Rivals {
 public:
  Rivals(const Bench& bench, std::uint32_t size) : bench_(bench), size_(size), count_(bench.bytes / size) {
    std::mt19937_64 random(size);
    for (std::uint64_t made = 0; made < std::max<std::uint64_t>(1, (128U << 20U) / size); ++made) {
      MutablePage page = MutablePage::allocate(size, nullptr);
      for (std::size_t at = 0; at < size; at += 8) {
        const std::uint64_t word = random();
        std::memcpy(&page.bytes()[at], &word, 8);
      }
      pages_.push_back(std::move(page).seal());
      crcs_.push_back(crc32c(pages_.back().bytes()));
    }
    for (std::uint64_t i = 0; i < count_; ++i) order_.push_back(random() % count_);
  }

  Side our_writes() {
    return {[this] { ours_.reset(), remove("ours"), open_ours(); },
            [this] {
              for (std::uint64_t i = 0; i < count_; ++i) {
                const std::size_t at = i % pages_.size();
                ours_->put(key_of(i, size_), {.crc32c = crcs_[at]}, pages_[at]);
              }
              ours_.reset();  // ends with a flush
            }};
  }
  Side bare_writes() {
    return {[this] { bare_.reset(), remove("bare"), open_bare(); },
            [this] {
              rocksdb::WriteOptions options;
              options.disableWAL = true;
              for (std::uint64_t i = 0; i < count_; ++i) {
                const auto bytes = pages_[i % pages_.size()].bytes();
                const rocksdb::Slice value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                must(bare_->Put(options, name_of(i), value).ok(), "BlobDB refused a page");
              }
              must(bare_->Flush({}).ok(), "BlobDB could not flush");
              bare_.reset();
            }};
  }

  void reopen() { open_ours(), open_bare(); }

  Side our_reads(std::uint64_t readers) {
    return {{}, [this, readers] {
              in_parallel(readers, [this, readers](std::uint64_t reader) {
                must(async::sync_wait(read_ours(reader, readers)).has_value(), "the blobdb lost a page");
              });
            }};
  }
  Side bare_reads(std::uint64_t readers) {
    return {{}, [this, readers] {
              in_parallel(readers, [this, readers](std::uint64_t reader) {
                for (std::uint64_t i = reader; i < count_; i += readers) {
                  rocksdb::PinnableSlice value;
                  const auto status = bare_->Get({}, bare_->DefaultColumnFamily(), name_of(order_[i]), &value);
                  must(status.ok() && value.size() == size_, "BlobDB lost a page");
                }
              });
            }};
  }

  ~Rivals() {
    ours_.reset();
    bare_.reset();
    remove("ours");
    remove("bare");
  }

 private:
  static void in_parallel(std::uint64_t readers, const std::function<void(std::uint64_t)>& read) {
    std::vector<std::thread> threads;
    for (std::uint64_t reader = 1; reader < readers; ++reader) threads.emplace_back(read, reader);
    read(0);
    for (std::thread& thread : threads) thread.join();
  }

  async::Task<void> read_ours(std::uint64_t reader, std::uint64_t readers) {
    std::vector<std::byte> out(size_);
    for (std::uint64_t i = reader; i < count_; i += readers) {
      const std::uint64_t number = order_[i];
      const PageFacts facts{.crc32c = crcs_[number % crcs_.size()]};
      SEEKFS_CO_ASSIGN(const bool hit, co_await ours_->get(key_of(number, size_), facts, out));
      if (!hit) co_return fail(ErrorCode::not_found, "a page");
    }
    co_return Status();
  }

  void open_ours() {
    // The queue takes all that is written: the rival drops nothing either.
    auto opened = open_blobdb({.files = env::posix_file_system(), .log = null_logger()},
                              {.path = bench_.at("ours"), .capacity = 4 * bench_.bytes, .queue_bytes = bench_.bytes});
    must(opened.has_value(), opened ? "" : opened.error().message);
    ours_ = std::move(*opened);
  }
  /// As kindly set up as its documents say: blobs apart and not compressed.
  void open_bare() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.enable_blob_files = true;
    options.min_blob_size = 4096;
    options.compression = rocksdb::kNoCompression;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(options, bench_.at("bare"), &db);
    must(opened.ok(), opened.ToString());
    bare_.reset(db);
  }
  void remove(const std::string& name) const {
    std::error_code ignored;
    std::filesystem::remove_all(bench_.at(name), ignored);
    // What the other side left to be written is not paid for by this one.
    must(env::posix_file_system().sync_file_system(bench_.directory).has_value(), "sync");
  }

  const Bench& bench_;
  const std::uint32_t size_;
  const std::uint64_t count_;
  std::vector<PageRef> pages_;
  std::vector<std::uint32_t> crcs_;
  std::vector<std::uint64_t> order_;
  std::unique_ptr<BlobDb> ours_;
  std::unique_ptr<rocksdb::DB> bare_;
};

void measure(const Bench& bench, std::uint32_t size, const std::string& name) {
  Rivals rivals(bench, size);
  compare(bench, name + " write, durable", rivals.our_writes(), rivals.bare_writes());
  rivals.reopen();
  for (const std::uint64_t readers : {1U, 4U}) {
    compare(bench, fmt::format("{} random read, readers: {}", name, readers), rivals.our_reads(readers),
            rivals.bare_reads(readers));
  }
}

bool parse_number(const char* text, std::uint64_t& out) {
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, out);
  return error == std::errc() && stop == end && out > 0;
}

int run(int argc, char** argv) {
  Bench bench;
  std::string base = std::filesystem::absolute(argv[0]).parent_path().string();
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool has_value = i + 1 < argc;
    std::uint64_t number = 0;
    if (argument == "--dir" && has_value) {
      base = argv[++i];
    } else if (argument == "--rounds" && has_value && parse_number(argv[i + 1], number)) {
      bench.rounds = number;
      ++i;
    } else if (argument == "--mib" && has_value && parse_number(argv[i + 1], number)) {
      bench.bytes = number << 20U;
      ++i;
    } else {
      fmt::print(stderr, "usage: l2_bench [--dir DIR] [--rounds N] [--mib N]\n");
      return 2;
    }
  }
  bench.directory = fmt::format("{}/l2-bench-{}", base, env::process_id());
  must(env::posix_file_system().make_directories(bench.directory).has_value(), "can't make " + bench.directory);
  fmt::print("{}, {} rounds of {} MiB\n{:<36} {:>8} {:>8}        ratio  (spread)\n", bench.directory, bench.rounds,
             bench.bytes >> 20U, "", "blobdb", "bare");
  measure(bench, 8U << 20U, "8 MiB pages");
  measure(bench, 64U << 10U, "64 KiB pages");
  std::error_code ignored;
  std::filesystem::remove_all(bench.directory, ignored);
  return 0;
}

}  // namespace
}  // namespace seekfs::l2

int main(int argc, char** argv) { return seekfs::l2::run(argc, argv); }
