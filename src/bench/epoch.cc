// Threads of readers.
#include "bench/epoch.h"

#include <algorithm>
#include <chrono>
#include <latch>
#include <memory>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "bench/content.h"

namespace seekfs::bench {
namespace {

/// What one thread has and makes. Each is allocated apart: no two threads write to one cache line.
struct Worker {
  std::unique_ptr<TargetReader> reader;
  EpochResult result;
  Status status;
};

Status verify(const EpochPlan& plan, std::span<const Range> ranges, std::span<const std::byte> data) {
  for (const Range& range : ranges) {
    const Content content(plan.data_seed, range.path);
    const auto piece = data.first(range.length);
    const auto wrong =
        plan.sparse ? content.first_wrong_sparse(range.offset, piece) : content.first_wrong(range.offset, piece);
    if (wrong) {
      return fail(ErrorCode::hash_mismatch,
                  fmt::format("wrong bytes: {} at offset {} is not what prepare wrote there (read of "
                              "{} bytes at {})",
                              range.path, range.offset + *wrong, range.length, range.offset));
    }
    data = data.subspan(range.length);
  }
  return {};
}

/// Connections and shards, so that no read pays for them.
Status open_all(const EpochPlan& plan, const std::vector<ReadOp>& reads, TargetReader& reader) {
  std::set<std::uint64_t> files;
  for (const ReadOp& op : reads) {
    if (files.insert(op.file).second) SEEKFS_TRY(reader.open(range_of(plan.workload, op).path));
    // There may be millions of small files, and none of them stays open.
    if (plan.workload.kind == WorkloadKind::small || plan.workload.kind == WorkloadKind::readv) break;
  }
  return {};
}

class Loop {
 public:
  Loop(const EpochPlan& plan, env::Clock& clock, Worker& worker) : plan_(plan), clock_(clock), worker_(worker) {}

  /// Whoever asks to stop ends it between two requests.
  Status run(const std::vector<ReadOp>& reads, const std::stop_token& stop, const std::stop_token& failed) {
    const env::TimePoint end = deadline();
    do {
      for (std::size_t first = 0; first < reads.size(); first += plan_.workload.batch) {
        if (stop.stop_requested() || failed.stop_requested() || clock_.now() >= end) return {};
        const std::size_t count = std::min<std::size_t>(plan_.workload.batch, reads.size() - first);
        SEEKFS_TRY(request(std::span(reads).subspan(first, count)));
      }
    } while (plan_.repeat && plan_.limit > 0 && !reads.empty());
    return {};
  }

 private:
  env::TimePoint deadline() const {
    if (plan_.limit <= 0) return env::TimePoint::max();
    return clock_.now() + std::chrono::duration_cast<env::Duration>(std::chrono::duration<double>(plan_.limit));
  }

  Status request(std::span<const ReadOp> ops) {
    ranges_.clear();
    std::uint64_t bytes = 0;
    for (const ReadOp& op : ops) {
      ranges_.push_back(range_of(plan_.workload, op));
      bytes += op.length;
    }
    if (buffer_.size() < bytes) buffer_.resize(bytes);
    const std::span<std::byte> out = std::span(buffer_).first(bytes);
    const env::TimePoint before = clock_.now();
    if (plan_.workload.kind == WorkloadKind::readv) {
      SEEKFS_TRY(worker_.reader->read_batch(ranges_, out));
    } else {
      SEEKFS_TRY(worker_.reader->read(ranges_.front(), out));
    }
    const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.now() - before);
    worker_.result.latencies.record(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
    worker_.result.files += ops.size();
    worker_.result.bytes += bytes;
    return verify(plan_, ranges_, out);
  }

  const EpochPlan& plan_;
  env::Clock& clock_;
  Worker& worker_;
  std::vector<Range> ranges_;
  std::vector<std::byte> buffer_;
};

}  // namespace

Result<EpochResult> run_epoch(const EpochPlan& plan, Target& target, env::Clock& clock, const std::stop_token& stop) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t index = 0; index < plan.reads.size(); ++index) {
    workers.push_back(std::make_unique<Worker>());
    SEEKFS_ASSIGN(workers.back()->reader, target.make_reader());
    SEEKFS_TRY(open_all(plan, plan.reads[index], *workers.back()->reader));
  }
  std::stop_source failed;
  std::latch start(1);
  std::vector<std::jthread> threads;
  threads.reserve(workers.size());
  for (std::size_t index = 0; index < workers.size(); ++index) {
    threads.emplace_back([&, &worker = *workers[index], &reads = plan.reads[index]] {
      start.wait();
      worker.status = Loop(plan, clock, worker).run(reads, stop, failed.get_token());
      if (!worker.status) failed.request_stop();
    });
  }
  EpochResult total;
  const env::TimePoint began = clock.now();
  start.count_down();
  threads.clear();
  total.elapsed = clock.now() - began;
  for (const auto& worker : workers) {
    SEEKFS_TRY(std::move(worker->status));
    total.files += worker->result.files;
    total.bytes += worker->result.bytes;
    total.latencies.merge(worker->result.latencies);
  }
  return total;
}

}  // namespace seekfs::bench
