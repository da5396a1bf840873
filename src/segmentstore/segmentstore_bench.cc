// What the segmentstore costs beside plain reads and writes of the same disk in the same run: `segmentstore_bench
// [--dir DIR] [--rounds N] [--mib N] [PART...]`, with the parts write, read, small, start and blobdb.
#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <filesystem>

#include "env/process.h"
#include "segmentstore/bench_rounds.h"

namespace seekfs::segmentstore::bench {

void remove_tree(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::unique_ptr<SegmentStore> open_store(const Bench& bench, const std::string& name, std::uint64_t capacity) {
  return must(SegmentStore::open(
      bench.parts(), {.path = bench.at(name), .capacity = capacity, .segment_size = std::uint64_t{1} << 30U}));
}

namespace {

struct Part {
  std::string_view name;
  void (*run)(const Bench&);
};
constexpr Part parts[] = {{"write", measure_writes}, {"read", measure_reads},    {"small", measure_small_pages},
                          {"start", measure_starts}, {"blobdb", measure_blobdb}, {"growth", measure_growth}};

int usage() {
  fmt::print(stderr,
             "usage: segmentstore_bench [--dir DIR] [--rounds N] [--mib N] [write|read|small|start|blobdb ...]\n");
  return 2;
}

bool parse_number(const char* text, std::uint64_t& out) {
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, out);
  return error == std::errc() && stop == end && out > 0;
}

int run(int argc, char** argv) {
  Bench bench;
  std::string base = std::filesystem::path(argv[0]).parent_path().string();
  std::vector<std::string_view> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    std::uint64_t number = 0;
    if (argument == "--dir" && i + 1 < argc) {
      base = argv[++i];
    } else if (argument == "--rounds" && i + 1 < argc && parse_number(argv[i + 1], number)) {
      bench.rounds = static_cast<int>(number);
      ++i;
    } else if (argument == "--mib" && i + 1 < argc && parse_number(argv[i + 1], number)) {
      bench.bytes = number << 20U;
      ++i;
    } else if (std::ranges::any_of(parts, [&](const Part& part) { return part.name == argument; })) {
      wanted.push_back(argument);
    } else {
      return usage();
    }
  }
  bench.directory = fmt::format("{}/segmentstore-bench-{}", base, env::process_id());
  must(env::posix_file_system().make_directories(bench.directory));
  fmt::print("{} on {}, {} rounds, {} MiB a round\n", bench.directory,
             must(env::posix_file_system().type_name(bench.directory)), bench.rounds, bench.bytes >> 20U);
  for (const Part& part : parts) {
    if (wanted.empty() || std::ranges::find(wanted, part.name) != wanted.end()) part.run(bench);
  }
  remove_tree(bench.directory);
  return 0;
}

}  // namespace
}  // namespace seekfs::segmentstore::bench

int main(int argc, char** argv) { return seekfs::segmentstore::bench::run(argc, argv); }
