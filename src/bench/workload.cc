// Words for workloads, and the order of their reads.
#include "bench/workload.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"
#include "env/random.h"

namespace seekfs::bench {
namespace {

constexpr std::uint64_t alignment = 4 * KiB;
constexpr std::uint64_t default_random_reads = 1000;
constexpr std::uint64_t max_read = GiB;
constexpr std::uint64_t max_batch = 16'384;

std::unexpected<Error> refuse(std::string_view text) {
  return fail(ErrorCode::invalid,
              fmt::format("'{}' is no workload; there are sequential[:SIZE], random:SIZE, random:MIN-MAX, mixed, small "
                          "and readv[:FILES], with sizes up to 1GiB and up to {} files",
                          text, max_batch));
}

std::optional<std::uint64_t> size_from(std::string_view text) {
  const auto size = parse_size(text);
  if (!size || *size == 0 || *size > max_read) return std::nullopt;
  return *size;
}

template <class T>
void shuffle(std::vector<T>& values, env::Random& random) {
  for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[random.below(left)]);
}

/// Another stream of numbers for each purpose and pass.
std::unique_ptr<env::Random> random_for(std::uint64_t seed, std::uint64_t purpose, std::uint64_t pass) {
  const std::uint64_t base = env::make_seeded_random(seed)->next();
  return env::make_seeded_random(base ^ env::make_seeded_random(purpose << 32U ^ pass)->next());
}

bool reads_ranges(WorkloadKind kind) { return kind == WorkloadKind::random || kind == WorkloadKind::mixed; }

bool reads_shards(WorkloadKind kind) { return kind == WorkloadKind::sequential || reads_ranges(kind); }

/// The sizes of mixed reads, and how many of `mixed_parts` have them.
struct MixedSize {
  std::uint64_t parts;
  std::uint64_t min;
  std::uint64_t max;
};
constexpr std::uint64_t mixed_parts = 16;
constexpr std::array<MixedSize, 4> mixed_sizes{
    {{8, 4 * KiB, 4 * KiB}, {5, 64 * KiB, 64 * KiB}, {2, MiB, MiB}, {1, 8 * MiB, 16 * MiB}}};

std::uint64_t random_size(const Workload& workload, env::Random& random) {
  std::uint64_t min = workload.min_size;
  std::uint64_t max = workload.max_size;
  if (workload.kind == WorkloadKind::mixed) {
    std::uint64_t part = random.below(mixed_parts);
    for (const MixedSize& size : mixed_sizes) {
      min = size.min;
      max = size.max;
      if (part < size.parts) break;
      part -= size.parts;
    }
  }
  return min + random.below(max - min + 1);
}

/// Items that are dealt to threads one by one: shards for sequential, else reads.
std::vector<ReadOp> random_ops(const Workload& workload, const DataSet& data, std::uint64_t seed) {
  const auto random = random_for(seed, 1, 0);
  std::vector<ReadOp> ops(workload.reads == 0 ? default_random_reads : workload.reads);
  for (ReadOp& op : ops) {
    op.file = random->below(data.shards);
    op.length = random_size(workload, *random);
    op.offset = random->below((data.shard_size - op.length) / alignment + 1) * alignment;
  }
  return ops;
}

std::vector<ReadOp> small_ops(const Workload& workload, const DataSet& data, std::uint64_t seed) {
  std::vector<ReadOp> ops(data.small_files);
  for (std::uint64_t number = 0; number < ops.size(); ++number) {
    ops[number] = {.file = number, .length = data.small_size(number)};
  }
  shuffle(ops, *random_for(seed, 2, 0));
  if (workload.reads != 0 && workload.reads < ops.size()) ops.resize(workload.reads);
  return ops;
}

std::vector<std::vector<ReadOp>> deal(const std::vector<ReadOp>& items, std::uint64_t threads, std::uint64_t hand) {
  std::vector<std::vector<ReadOp>> dealt(threads);
  for (std::size_t index = 0; index < items.size(); ++index) dealt[index / hand % threads].push_back(items[index]);
  return dealt;
}

/// Shards cut into reads, one behind the other.
std::vector<std::vector<ReadOp>> cut(const std::vector<std::vector<ReadOp>>& shards, const Workload& workload,
                                     const DataSet& data) {
  std::vector<std::vector<ReadOp>> threads(shards.size());
  for (std::size_t thread = 0; thread < shards.size(); ++thread) {
    for (const ReadOp& shard : shards[thread]) {
      for (std::uint64_t offset = 0; offset < data.shard_size; offset += workload.max_size) {
        const std::uint64_t length = std::min(workload.max_size, data.shard_size - offset);
        threads[thread].push_back({.file = shard.file, .offset = offset, .length = length});
      }
    }
    const std::uint64_t share = workload.reads / shards.size() + (thread < workload.reads % shards.size() ? 1 : 0);
    if (workload.reads != 0 && share < threads[thread].size()) threads[thread].resize(share);
  }
  return threads;
}

/// The same reads by shard, the shards in another order and dealt anew, so that readers get those of others.
std::vector<std::vector<ReadOp>> with_shards_shuffled(const std::vector<std::vector<ReadOp>>& threads,
                                                      env::Random& random) {
  std::vector<std::vector<ReadOp>> runs;
  for (const auto& reads : threads) {
    for (const ReadOp& op : reads) {
      if (runs.empty() || runs.back().front().file != op.file) runs.emplace_back();
      runs.back().push_back(op);
    }
  }
  shuffle(runs, random);
  std::vector<std::vector<ReadOp>> dealt(threads.size());
  for (std::size_t run = 0; run < runs.size(); ++run) {
    auto& reads = dealt[run % dealt.size()];
    reads.insert(reads.end(), runs[run].begin(), runs[run].end());
  }
  return dealt;
}

Status check_fits(const Workload& workload, const DataSet& data) {
  const bool of_shards = reads_shards(workload.kind);
  if (of_shards && data.shards == 0) {
    return fail(ErrorCode::invalid, fmt::format("{}: the data set has no shards", to_string(workload)));
  }
  if (!of_shards && data.small_files == 0) {
    return fail(ErrorCode::invalid, fmt::format("{}: the data set has no small files", to_string(workload)));
  }
  if (reads_ranges(workload.kind) && workload.max_size > data.shard_size) {
    return fail(ErrorCode::invalid, fmt::format("{}: the data set's shards have only {}", to_string(workload),
                                                format_size(data.shard_size)));
  }
  return {};
}

Result<Workload> with_random_sizes(Workload workload, std::string_view text, std::string_view sizes) {
  const std::size_t dash = sizes.find('-');
  const auto low = size_from(sizes.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : size_from(sizes.substr(dash + 1));
  if (!low || !high || *low > *high) return refuse(text);
  workload.min_size = *low;
  workload.max_size = *high;
  return workload;
}

}  // namespace

Result<Workload> parse_workload(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const bool plain = colon == std::string_view::npos;
  const std::string_view value = plain ? std::string_view() : text.substr(colon + 1);
  Workload workload;
  if (word == "sequential") {
    workload.kind = WorkloadKind::sequential;
    const auto size = plain ? std::optional<std::uint64_t>(MiB) : size_from(value);
    if (!size) return refuse(text);
    workload.min_size = workload.max_size = *size;
    return workload;
  }
  if (word == "random" && !plain) return with_random_sizes(workload, text, value);
  if (word == "mixed" && plain) {
    workload.kind = WorkloadKind::mixed;
    workload.min_size = mixed_sizes.front().min;
    workload.max_size = mixed_sizes.back().max;
    return workload;
  }
  if (word == "small" && plain) {
    workload.kind = WorkloadKind::small;
    return workload;
  }
  if (word == "readv") {
    workload.kind = WorkloadKind::readv;
    const auto batch = plain ? std::optional<std::uint64_t>(64) : parse_number(value);
    if (!batch || *batch == 0 || *batch > max_batch) return refuse(text);
    workload.batch = *batch;
    return workload;
  }
  return refuse(text);
}

std::string to_string(const Workload& workload) {
  switch (workload.kind) {
    case WorkloadKind::sequential: return "sequential:" + format_size(workload.max_size);
    case WorkloadKind::mixed: return "mixed";
    case WorkloadKind::small: return "small";
    case WorkloadKind::readv: return fmt::format("readv:{}", workload.batch);
    case WorkloadKind::random: break;
  }
  if (workload.min_size == workload.max_size) return "random:" + format_size(workload.max_size);
  return "random:" + format_size(workload.min_size) + "-" + format_size(workload.max_size);
}

Result<std::vector<std::vector<ReadOp>>> plan_pass(const Workload& workload, const DataSet& data, std::uint64_t seed,
                                                   std::uint64_t pass) {
  SEEKFS_TRY(check_fits(workload, data));
  const auto order = random_for(seed, 3, pass);
  if (workload.kind == WorkloadKind::sequential) {
    std::vector<ReadOp> shards(data.shards);
    for (std::uint64_t number = 0; number < shards.size(); ++number) shards[number].file = number;
    auto threads = cut(deal(shards, workload.threads, 1), workload, data);
    return pass == 0 ? std::move(threads) : with_shards_shuffled(threads, *order);
  }
  auto ops = reads_ranges(workload.kind) ? random_ops(workload, data, seed) : small_ops(workload, data, seed);
  if (pass != 0) shuffle(ops, *order);
  return deal(ops, workload.threads, workload.batch);
}

Range range_of(const Workload& workload, const ReadOp& op) {
  return {.path = reads_shards(workload.kind) ? DataSet::shard_path(op.file) : DataSet::small_path(op.file),
          .offset = op.offset,
          .length = op.length};
}

}  // namespace seekfs::bench
