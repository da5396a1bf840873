// Writing, finding and reading snapshots.
#include "segmentstore/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "segmentstore/block_stream.h"
#include "segmentstore/little_endian.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t magic = 0x58444E4947455353;  // "SSEGINDX"
constexpr std::uint64_t version = 1;
constexpr std::string_view name_begin = "snapshot-";
constexpr std::string_view temporary_end = ".tmp";
constexpr std::size_t head_words = 4;
constexpr std::size_t segment_words = 5;
constexpr std::size_t slots_a_read = 4096;
constexpr std::uint64_t disk_block = 4096;

template <std::size_t Count>
std::array<std::byte, Count * 8> words(const std::array<std::uint64_t, Count>& numbers) {
  std::array<std::byte, Count * 8> bytes;
  for (std::size_t i = 0; i < Count; ++i) store_u64(bytes.data() + 8 * i, numbers[i]);
  return bytes;
}

template <std::size_t Count>
Result<std::array<std::uint64_t, Count>> read_words(BlockReader& in) {
  std::array<std::byte, Count * 8> bytes;
  SEEKFS_TRY(in.read(bytes));
  std::array<std::uint64_t, Count> numbers;
  for (std::size_t i = 0; i < Count; ++i) numbers[i] = load_u64(bytes.data() + 8 * i);
  return numbers;
}

/// 0 when the name is no snapshot's.
std::uint64_t parse_name(std::string_view name) {
  if (!name.starts_with(name_begin)) return 0;
  name.remove_prefix(name_begin.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

Status write_slots(BlockWriter& out, const std::vector<IndexSlot>& slots) {
  SEEKFS_TRY(out.write(words<1>({slots.size()})));
  for (const IndexSlot& slot : slots) SEEKFS_TRY(out.write(words<2>({slot.fingerprint, slot.place})));
  return {};
}

Status read_slots(BlockReader& in, const SnapshotFiles::Take& take) {
  SEEKFS_ASSIGN(const auto count, read_words<1>(in));
  std::vector<std::byte> bytes;
  std::vector<IndexSlot> slots;
  for (std::uint64_t left = count[0]; left > 0; left -= slots.size()) {
    slots.resize(std::min<std::uint64_t>(left, slots_a_read));
    bytes.resize(slots.size() * sizeof(IndexSlot));
    SEEKFS_TRY(in.read(bytes));
    const std::byte* at = bytes.data();
    for (IndexSlot& slot : slots) {
      slot = {load_u64(at), load_u64(at + 8)};
      at += sizeof(IndexSlot);
    }
    take(slots, left);
  }
  return {};
}

}  // namespace

std::uint64_t SnapshotFiles::file_size(std::uint64_t segments, std::uint64_t entries) noexcept {
  constexpr std::uint64_t shards = 256;
  return stream_file_size(8 * (head_words + segments * segment_words + shards + 1) + entries * sizeof(IndexSlot));
}

std::string SnapshotFiles::path_of(std::uint64_t number) const {
  return fmt::format("{}/{}{}", directory_, name_begin, number);
}

Status SnapshotFiles::write(const std::vector<SegmentSummary>& segments, std::size_t shards,
                            const std::function<std::vector<IndexSlot>(std::size_t)>& shard) {
  const std::string path = path_of(newest_ + 1);
  const std::string temporary = path + std::string(temporary_end);
  {
    SEEKFS_ASSIGN(
        const auto file,
        files_.open(temporary,
                    {.write = true, .create = true, .truncate = true, .no_follow = true, .permissions = 0600}));
    BlockWriter out(*file);
    SEEKFS_TRY(out.write(words<head_words>({magic, version, store_id_, segments.size()})));
    for (const SegmentSummary& one : segments) {
      SEEKFS_TRY(out.write(
          words<segment_words>({one.number, std::uint64_t{one.sealed}, one.data_end, one.live_bytes, one.live_pages})));
    }
    SEEKFS_TRY(out.write(words<1>({shards})));
    for (std::size_t i = 0; i < shards; ++i) SEEKFS_TRY(write_slots(out, shard(i)));
    SEEKFS_TRY(out.write(words<1>({magic})));
    SEEKFS_TRY(out.finish());
    SEEKFS_TRY(file->sync_data());
  }
  SEEKFS_TRY(files_.rename(temporary, path));
  SEEKFS_TRY(files_.sync_directory(directory_));
  newest_ += 1;
  SEEKFS_ASSIGN(const Found found, find());
  for (const std::uint64_t number : found.numbers) {
    if (number != newest_) SEEKFS_TRY(files_.remove_file(path_of(number)));
  }
  measure(path);
  return {};
}

void SnapshotFiles::measure(const std::string& path) {
  const auto info = files_.stat(path);
  disk_bytes_ = info ? std::max(info->allocated, (info->size + disk_block - 1) / disk_block * disk_block) : 0;
}

Result<SnapshotFiles::Found> SnapshotFiles::find() {
  SEEKFS_ASSIGN(const auto entries, files_.list(directory_));
  Found found;
  for (const env::DirectoryEntry& entry : entries) {
    if (entry.type != env::FileType::regular || !entry.name.starts_with(name_begin)) continue;
    if (const std::uint64_t number = parse_name(entry.name); number != 0) {
      found.numbers.push_back(number);
    } else if (entry.name.ends_with(temporary_end)) {
      SEEKFS_TRY(files_.remove_file(directory_ + "/" + entry.name));
    }
  }
  std::ranges::sort(found.numbers);
  return found;
}

Result<std::vector<SegmentSummary>> SnapshotFiles::read(const SnapshotFiles::Take& take) {
  SEEKFS_ASSIGN(const Found found, find());
  if (found.numbers.empty()) return fail(ErrorCode::not_found, directory_ + " has no snapshot of the index");
  newest_ = found.numbers.back();
  const std::string path = path_of(newest_);
  measure(path);
  SEEKFS_ASSIGN(const auto file, files_.open(path, {}));
  auto segments = read_file(*file, take);
  if (!segments) return std::unexpected(segments.error().with_context(path));
  for (const std::uint64_t number : found.numbers) {
    if (number != newest_) SEEKFS_TRY(files_.remove_file(path_of(number)));
  }
  return segments;
}

Result<std::vector<SegmentSummary>> SnapshotFiles::read_file(env::File& file, const SnapshotFiles::Take& take) {
  BlockReader in(file);
  SEEKFS_ASSIGN(const auto head, read_words<head_words>(in));
  if (head[0] != magic || head[1] != version) return fail(ErrorCode::corrupt, "is no snapshot of this format");
  if (head[2] != store_id_) return fail(ErrorCode::corrupt, "belongs to another store");
  std::vector<SegmentSummary> segments;
  for (std::uint64_t i = 0; i < head[3]; ++i) {
    SEEKFS_ASSIGN(const auto one, read_words<segment_words>(in));
    segments.push_back({static_cast<SegmentNumber>(one[0]), one[1] != 0, one[2], one[3], one[4]});
  }
  SEEKFS_ASSIGN(const auto shards, read_words<1>(in));
  for (std::uint64_t i = 0; i < shards[0]; ++i) SEEKFS_TRY(read_slots(in, take));
  SEEKFS_ASSIGN(const auto end, read_words<1>(in));
  if (end[0] != magic) return fail(ErrorCode::corrupt, "has no end");
  return segments;
}

}  // namespace seekfs::segmentstore
