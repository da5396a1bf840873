// Names and sizes of a benchmark's files, their description, and writing them.
#include "bench/data_set.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "bench/content.h"

namespace seekfs::bench {
namespace {

constexpr std::string_view format_name = "seekfs-bench-data/1";
constexpr std::uint64_t max_files = 10'000'000;
constexpr std::uint64_t max_file_size = std::uint64_t{1} << 50U;
constexpr std::size_t write_size = 1 * MiB;

/// The members of the description, by name.
template <class Visit>
void for_each_number(auto& data, const Visit& visit) {
  visit("seed", data.seed);
  visit("shards", data.shards);
  visit("shard_size", data.shard_size);
  visit("small_files", data.small_files);
  visit("small_min", data.small_min);
  visit("small_max", data.small_max);
}

Status write_file(const std::string& path, const Content& content, std::uint64_t size, env::FileSystem& files,
                  std::vector<std::byte>& buffer) {
  SEEKFS_ASSIGN(const auto file, files.open(path, {.write = true, .create = true, .truncate = true}));
  for (std::uint64_t done = 0; done < size;) {
    const auto piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - done));
    content.fill(done, piece);
    SEEKFS_TRY(file->write_at(done, piece));
    done += piece.size();
  }
  return {};
}

/// Nothing is written over a data set that somebody may be measuring with.
Status check_place(const DataSet& data, const std::string& path, env::FileSystem& files) {
  const auto there = read_file(files, path, 64 * KiB);
  if (!there) {
    if (there.error().code == ErrorCode::not_found) return {};
    return std::unexpected(there.error());
  }
  const auto other = parse_data_set(*there);
  if (other && *other == data) return {};
  return fail(ErrorCode::precondition_failed,
              fmt::format("{} describes another data set; choose another directory or remove this one", path));
}

}  // namespace

std::string DataSet::shard_path(std::uint64_t number) { return fmt::format("shards/shard-{:05}.bin", number); }

std::string DataSet::small_path(std::uint64_t number) {
  return fmt::format("small/{:05}/file-{:08}.bin", number / 1000, number);
}

std::uint64_t DataSet::small_size(std::uint64_t number) const {
  std::uint64_t random = 0;
  Content(seed, "sizes").fill(number * sizeof random, std::as_writable_bytes(std::span(&random, 1)));
  const double share = static_cast<double>(random >> 11U) * 0x1p-53;
  const auto low = static_cast<double>(small_min);
  const auto size = static_cast<std::uint64_t>(low * std::pow(static_cast<double>(small_max) / low, share));
  return std::clamp(size, small_min, small_max);
}

std::uint64_t DataSet::total_bytes() const {
  std::uint64_t total = shards * shard_size;
  for (std::uint64_t number = 0; number < small_files; ++number) total += small_size(number);
  return total;
}

Status check(const DataSet& data) {
  if (data.shards == 0 && data.small_files == 0)
    return fail(ErrorCode::invalid, "a data set needs shards or small files");
  if (data.shards > max_files || data.small_files > max_files) {
    return fail(ErrorCode::invalid, fmt::format("a data set has at most {} shards and as many small files", max_files));
  }
  if (data.shards > 0 && (data.shard_size == 0 || data.shard_size > max_file_size / data.shards)) {
    return fail(ErrorCode::invalid, "a shard has at least one byte, all of them together at most 1 PiB");
  }
  if (data.small_files > 0 && (data.small_min == 0 || data.small_min > data.small_max || data.small_max > GiB)) {
    return fail(ErrorCode::invalid, "sizes of small files are MIN-MAX with 1 <= MIN <= MAX <= 1GiB");
  }
  return {};
}

std::string to_json(const DataSet& data) {
  boost::json::object object{{"format", format_name}};
  for_each_number(data, [&](std::string_view name, std::uint64_t value) { object[name] = value; });
  return boost::json::serialize(object) + "\n";
}

Result<DataSet> parse_data_set(std::string_view json) {
  const auto refuse = [](std::string_view what) {
    return fail(ErrorCode::invalid, fmt::format("{}: {}; seekfs-bench prepare writes one", description_path, what));
  };
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(json, error);
  if (error || !value.is_object()) return refuse("is not a JSON object");
  const auto* format = value.get_object().if_contains("format");
  if (format == nullptr || *format != boost::json::string(format_name)) return refuse("is not of this format");
  DataSet data;
  std::string missing;
  for_each_number(data, [&](std::string_view name, std::uint64_t& member) {
    const auto* found = value.get_object().if_contains(name);
    boost::system::error_code wrong;
    if (found != nullptr) member = found->to_number<std::uint64_t>(wrong);
    if (found == nullptr || wrong) missing = name;
  });
  if (!missing.empty()) return refuse(missing + " is no number of bytes or files");
  SEEKFS_TRY(check(data));
  return data;
}

Result<std::uint64_t> prepare(const DataSet& data, const std::string& directory, env::FileSystem& files) {
  SEEKFS_TRY(check(data));
  const std::string description = directory + "/" + std::string(description_path);
  SEEKFS_TRY(files.make_directories(directory));
  SEEKFS_TRY(check_place(data, description, files));
  std::vector<std::byte> buffer(write_size);
  const auto write = [&](const std::string& path, std::uint64_t size) {
    return write_file(directory + "/" + path, Content(data.seed, path), size, files, buffer);
  };
  if (data.shards > 0) SEEKFS_TRY(files.make_directories(directory + "/shards"));
  for (std::uint64_t number = 0; number < data.shards; ++number) {
    SEEKFS_TRY(write(DataSet::shard_path(number), data.shard_size));
  }
  for (std::uint64_t number = 0; number < data.small_files; ++number) {
    const std::string path = DataSet::small_path(number);
    if (number % 1000 == 0) SEEKFS_TRY(files.make_directories(directory + "/" + path.substr(0, path.rfind('/'))));
    SEEKFS_TRY(write(path, data.small_size(number)));
  }
  SEEKFS_TRY(write_file_atomically(files, description, to_json(data), false));
  return data.total_bytes();
}

}  // namespace seekfs::bench
