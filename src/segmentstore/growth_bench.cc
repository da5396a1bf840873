// What grows with the number of pages: a read from the page cache, an insertion into the index and the worst one.
#include <ctime>

#include "segmentstore/bench_rounds.h"
#include "segmentstore/page_index.h"

namespace seekfs::segmentstore::bench {
namespace {

constexpr std::uint32_t page_size = 256;
constexpr std::uint64_t reads = 200'000;
constexpr std::uint64_t pages_an_append = 10'000;

/// Of this thread on a processor: what others on the machine do hardly shows. In nanoseconds.
double cpu_now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::string spread(std::vector<double> values, std::string_view unit) {
  const auto [least, most] = std::ranges::minmax(values);
  return fmt::format("{:.0f} {} ({:.0f} to {:.0f})", median(std::move(values)), unit, least, most);
}

std::unique_ptr<SegmentStore> filled(const Bench& bench, const Pages& pages, std::uint64_t count) {
  auto store = open_store(bench, fmt::format("grown-{}", count), std::uint64_t{20} << 30U);
  std::vector<NewPage> batch;
  for (std::uint64_t i = 0; i < count; ++i) {
    batch.push_back({key_of(i, page_size), pages.crc(i), pages.page(i)});
    if (batch.size() < pages_an_append && i + 1 < count) continue;
    must(store->append(batch));
    batch.clear();
  }
  return store;
}

double ns_a_read(const Bench& bench, SegmentStore& store, const Pages& pages, std::uint64_t count) {
  std::vector<std::uint64_t> order(reads);
  for (std::uint64_t& one : order) one = bench.random->below(count);
  std::vector<std::byte> out(page_size);
  const double begin = cpu_now();
  for (const std::uint64_t i : order) {
    const ReadOutcome outcome = must(store.try_read(key_of(i, page_size), pages.crc(i), out));
    must_be(outcome == ReadOutcome::hit, "a page is not in the page cache");
  }
  return (cpu_now() - begin) / static_cast<double>(reads);
}

void measure_reads_by_size(const Bench& bench) {
  const Pages pages(page_size, 1U << 20U);
  const std::vector<std::uint64_t> counts = {10'000, 100'000, 1'000'000};
  std::vector<std::unique_ptr<SegmentStore>> stores;
  for (const std::uint64_t count : counts) stores.push_back(filled(bench, pages, count));
  std::vector<std::vector<double>> took(counts.size());
  for (int round = 0; round < bench.rounds; ++round) {
    for (std::size_t i = 0; i < counts.size(); ++i) took[i].push_back(ns_a_read(bench, *stores[i], pages, counts[i]));
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    figure(fmt::format("get from the page cache, {} pages", counts[i]), spread(took[i], "ns"));
    const auto bytes = static_cast<double>(stores[i]->stats().index_bytes);
    figure(fmt::format("index, {} pages", counts[i]),
           fmt::format("{:.1f} bytes a page", bytes / static_cast<double>(counts[i])));
  }
}

/// Calls `after` after each of `count` insertions, as they come while a cache fills.
template <class After>
void insert_all(const Bench& bench, std::uint64_t count, After&& after) {
  const auto index = make_native_index(env::posix_file_system(), bench.directory, 1);
  std::uint64_t fingerprint = 88172645463325252U;
  for (std::uint64_t i = 0; i < count; ++i) {
    fingerprint = fingerprint * 6364136223846793005U + 1442695040888963407U;
    must(index->insert(fingerprint ^ fingerprint >> 29U, {1, 8 * i}));
    after();
  }
}

/// All, and in a pass of its own the worst one: where a shard grows.
void measure_insertions(const Bench& bench, std::uint64_t count) {
  std::vector<double> mean;
  std::vector<double> worst;
  for (int round = 0; round < bench.rounds; ++round) {
    double before = cpu_now();
    insert_all(bench, count, [] {});
    mean.push_back((cpu_now() - before) / static_cast<double>(count));
    double longest = 0;
    before = cpu_now();
    insert_all(bench, count, [&] {
      const double now = cpu_now();
      longest = std::max(longest, now - before);
      before = now;
    });
    worst.push_back(longest / 1000);
  }
  figure(fmt::format("insertion while the index grows to {} pages", count), spread(mean, "ns"));
  figure(fmt::format("the worst one, growing to {} pages", count), spread(worst, "us"));
}

}  // namespace

void measure_growth(const Bench& bench) {
  fmt::print("\ngrowth, in pages of {} bytes; processor time\n", page_size);
  measure_reads_by_size(bench);
  for (const std::uint64_t count : {10'000U, 1'000'000U, 10'000'000U}) measure_insertions(bench, count);
}

}  // namespace seekfs::segmentstore::bench
