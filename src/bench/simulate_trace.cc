// From plan_pass or from CSV.
#include "bench/simulate_trace.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/number.h"

namespace seekfs::bench {
namespace {

constexpr std::uint64_t max_offset = std::uint64_t{1} << 50U;

/// The fields of a line; one that is missing is empty.
template <std::size_t N>
std::array<std::string_view, N> fields(std::string_view line) {
  std::array<std::string_view, N> out;
  for (std::string_view& field : out) {
    const std::size_t comma = line.find(',');
    field = line.substr(0, comma);
    line = comma == std::string_view::npos ? std::string_view() : line.substr(comma + 1);
  }
  return out;
}

class TraceReader {
 public:
  Status take(std::string_view line) {
    ++number_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.starts_with("thread,")) return {};
    if (line.starts_with("#size,")) return take_size(line);
    if (line.front() == '#') return {};
    const auto [thread, time, path, off, len] = fields<5>(line);
    const auto time_ms = parse_number(time);
    const auto begin = parse_number(off);
    const auto length = parse_number(len);
    if (thread.empty() || path.empty() || !time_ms || !begin || !length || *length == 0 || *begin > max_offset ||
        *length > max_offset) {
      return refuse("it is not thread,time_ms,path,off,len");
    }
    const std::uint64_t file = file_of(path);
    std::uint64_t& size = trace_.file_sizes[file];
    size = std::max(size, *begin + *length);
    reads_of(thread).push_back(
        {.file = file, .off = *begin, .len = *length, .not_before = static_cast<double>(*time_ms) / 1000});
    return {};
  }
  Result<Trace> finish() {
    if (trace_.threads.empty()) return fail(ErrorCode::invalid, "the trace has no reads");
    return std::move(trace_);
  }

 private:
  Status take_size(std::string_view line) {
    const auto [tag, path, bytes] = fields<3>(line);
    const auto size = parse_number(bytes);
    if (path.empty() || !size || *size > max_offset) return refuse("it is not #size,path,bytes");
    std::uint64_t& known = trace_.file_sizes[file_of(path)];
    known = std::max(known, *size);
    return {};
  }
  std::unexpected<Error> refuse(std::string_view why) const {
    return fail(ErrorCode::invalid, fmt::format("line {} of the trace: {}", number_, why));
  }
  std::uint64_t file_of(std::string_view path) {
    const auto [file, added] = files_.try_emplace(std::string(path), trace_.file_sizes.size());
    if (added) trace_.file_sizes.push_back(0);
    return file->second;
  }
  std::vector<Trace::Read>& reads_of(std::string_view thread) {
    const auto [place, added] = threads_.try_emplace(std::string(thread), trace_.threads.size());
    if (added) trace_.threads.emplace_back();
    return trace_.threads[place->second];
  }

  Trace trace_;
  std::map<std::string, std::uint64_t> files_;
  std::map<std::string, std::uint64_t> threads_;
  std::uint64_t number_ = 0;
};

}  // namespace

std::uint64_t Trace::reads() const {
  std::uint64_t count = 0;
  for (const auto& thread : threads) count += thread.size();
  return count;
}

Result<Trace> make_trace(const Workload& workload, const DataSet& data, std::uint64_t seed) {
  if (workload.kind == WorkloadKind::readv) {
    return fail(ErrorCode::invalid, "readv is not simulated; small reads the same files one at a time");
  }
  SEEKFS_ASSIGN(const auto passes, plan_pass(workload, data, seed, 0));
  Trace trace;
  const bool small = workload.kind == WorkloadKind::small;
  const std::uint64_t files = small ? data.small_files : data.shards;
  for (std::uint64_t file = 0; file < files; ++file) {
    trace.file_sizes.push_back(small ? data.small_size(file) : data.shard_size);
  }
  for (const auto& ops : passes) {
    std::vector<Trace::Read>& reads = trace.threads.emplace_back();
    for (const ReadOp& op : ops) reads.push_back({.file = op.file, .off = op.offset, .len = op.length});
  }
  return trace;
}

Result<Trace> parse_trace(std::string_view csv) {
  TraceReader reader;
  while (!csv.empty()) {
    const std::size_t end = csv.find('\n');
    SEEKFS_TRY(reader.take(csv.substr(0, end)));
    csv = end == std::string_view::npos ? std::string_view() : csv.substr(end + 1);
  }
  return reader.finish();
}

}  // namespace seekfs::bench
