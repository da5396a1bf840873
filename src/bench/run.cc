// Repetitions of epochs, and the figures of each.
#include "bench/run.h"

#include <algorithm>
#include <chrono>
#include <semaphore>

#include <fmt/format.h>

#include "bench/epoch.h"
#include "bench/process_stat.h"
#include "env/process.h"

namespace seekfs::bench {
namespace {

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

/// Counters before and after an epoch.
struct Observation {
  std::optional<TargetCounters> target;
  std::optional<ProcessStat> process;
  double client_cpu = 0;
};

Result<std::optional<TargetCounters>> counters(const RunOptions& options, const RunContext& context) {
  if (!options.origin_metrics) return context.target.counters();
  return read_counters(*options.origin_metrics);
}

/// Counters once nothing of an epoch is under way to the store any more: GETs outlive the readers that caused them.
Result<std::optional<TargetCounters>> settled_counters(const RunOptions& options, const RunContext& context) {
  constexpr std::chrono::milliseconds between(20);
  const env::TimePoint end = context.clock.now() + settling_time;
  while (true) {
    SEEKFS_ASSIGN(const auto seen, counters(options, context));
    if (!seen || seen->origin_inflight == 0 || context.stop.stop_requested()) return seen;
    if (context.clock.now() >= end) {
      context.progress(
          fmt::format("{} requests of the store are still under way after {} s; they count in the epoch in which they "
                      "end",
                      seen->origin_inflight, settling_time.count()));
      return seen;
    }
    std::binary_semaphore rung(0);
    const auto alarm = context.clock.make_alarm([&rung] { rung.release(); });
    alarm->set(context.clock.now() + between);
    rung.acquire();
  }
}

Result<Observation> observe(const RunOptions& options, const RunContext& context) {
  Observation seen;
  SEEKFS_ASSIGN(seen.target, settled_counters(options, context));
  if (options.pid) {
    SEEKFS_ASSIGN(seen.process, process_stat(*options.pid, context.files));
  }
  seen.client_cpu = env::process_usage().cpu_seconds;
  return seen;
}

Figures figures_of(const EpochResult& result, const Observation& before, const Observation& after) {
  Figures figures{.seconds = std::chrono::duration<double>(result.elapsed).count(),
                  .reads = result.latencies.count(),
                  .files = result.files,
                  .bytes = result.bytes};
  for (std::size_t index = 0; index < percentiles.size(); ++index) {
    figures.latency[index] = seconds(result.latencies.percentile(percentiles[index]));
  }
  figures.latency_max = seconds(result.latencies.max());
  figures.client_cpu_seconds = after.client_cpu - before.client_cpu;
  if (before.target && after.target) {
    figures.origin_gets = after.target->origin_gets - before.target->origin_gets;
    figures.origin_bytes = after.target->origin_bytes - before.target->origin_bytes;
  }
  if (before.process && after.process) {
    figures.cpu_seconds = after.process->cpu_seconds - before.process->cpu_seconds;
    figures.peak_resident = after.process->peak_resident;
  }
  return figures;
}

void add_new(std::vector<std::string>& all, std::vector<std::string> some) {
  for (std::string& one : some) {
    if (std::ranges::find(all, one) == all.end()) all.push_back(std::move(one));
  }
}

/// A shard has one reader, so more threads than shards are as many as there are shards; what then is there twice runs
/// once.
std::vector<Workload> without_idle_threads(const RunOptions& options) {
  std::vector<Workload> workloads;
  for (Workload workload : options.workloads) {
    if (workload.kind == WorkloadKind::sequential) {
      workload.threads =
          std::clamp<std::uint64_t>(workload.threads, 1, std::max<std::uint64_t>(options.settings.data.shards, 1));
    }
    if (std::ranges::find(workloads, workload) == workloads.end()) workloads.push_back(workload);
  }
  return workloads;
}

double limit_of(const RunSettings& settings, std::uint64_t epoch) {
  return epoch > 0 && settings.warm_seconds > 0 ? settings.warm_seconds : settings.seconds;
}

/// The epochs of one repetition, each added to its case. False: stopped.
Result<bool> run_repetition(const RunOptions& options, const RunContext& context, std::span<Case> cases) {
  for (Case& one : cases) {
    SEEKFS_ASSIGN(const auto reads, plan_pass(one.workload, options.settings.data, options.settings.seed, one.epoch));
    SEEKFS_ASSIGN(const Observation before, observe(options, context));
    SEEKFS_ASSIGN(const EpochResult result, run_epoch({.workload = one.workload,
                                                       .reads = reads,
                                                       .data_seed = options.settings.data.seed,
                                                       .sparse = options.settings.verify == "sparse",
                                                       .limit = limit_of(options.settings, one.epoch),
                                                       .repeat = one.epoch > 0},
                                                      context.target, context.clock, context.stop));
    if (context.stop.stop_requested()) return false;
    SEEKFS_ASSIGN(const Observation after, observe(options, context));
    one.repetitions.push_back(figures_of(result, before, after));
    one.latencies.merge(result.latencies);
  }
  return true;
}

}  // namespace

Result<RunResult> run(const RunOptions& options, const RunContext& context) {
  RunResult result;
  for (const Workload& workload : without_idle_threads(options)) {
    std::vector<Case> cases(options.settings.epochs);
    for (std::uint64_t epoch = 0; epoch < cases.size(); ++epoch) {
      cases[epoch].workload = workload;
      cases[epoch].epoch = epoch;
    }
    for (std::uint64_t repetition = 0; repetition < options.repetitions && !result.interrupted; ++repetition) {
      context.progress(fmt::format("{}, {} threads: repetition {} of {}", to_string(workload), workload.threads,
                                   repetition + 1, options.repetitions));
      if (options.drop) {
        SEEKFS_ASSIGN(auto left, context.target.drop_caches(options.settings.data));
        add_new(result.not_dropped, std::move(left));
      } else {
        add_new(result.not_dropped, {"nothing was dropped (--no-drop): epoch 0 is as cold as the target was"});
      }
      SEEKFS_ASSIGN(const bool whole, run_repetition(options, context, cases));
      result.interrupted = !whole;
    }
    std::ranges::move(cases, std::back_inserter(result.cases));
    if (result.interrupted) break;
  }
  return result;
}

}  // namespace seekfs::bench
