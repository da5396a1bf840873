// From header to header, through a small window on the file.
#include "segmentstore/record_walk.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/crc32c.h"
#include "segmentstore/segment.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t search_limit = 128U << 20U;
constexpr std::uint64_t verified_tail = 512U << 20U;
/// Small, so that walking over large pages reads little of them.
constexpr std::size_t walk_window = 16U << 10U;
constexpr std::size_t search_window = 1U << 20U;

/// Bytes of a file around the place where the last ones were asked for.
class Window {
 public:
  Window(env::File& file, std::size_t size) : file_(file), size_(size) {}

  /// `count` bytes at `offset`; empty when the file ends before or fails.
  std::span<const std::byte> at(std::uint64_t offset, std::size_t count) {
    if (offset < begin_ || offset + count > begin_ + bytes_.size()) fill(offset);
    if (offset + count > begin_ + bytes_.size()) return {};
    return std::span(bytes_).subspan(offset - begin_, count);
  }

  /// The first read that failed.
  const std::optional<Error>& error() const { return error_; }

 private:
  void fill(std::uint64_t offset) {
    begin_ = offset;
    bytes_.resize(size_);
    const auto count = file_.read_at(offset, bytes_);
    if (!count && !error_) error_ = count.error();
    bytes_.resize(count.value_or(0));
  }

  env::File& file_;
  const std::size_t size_;
  std::uint64_t begin_ = 0;
  std::vector<std::byte> bytes_;
  std::optional<Error> error_;
};

class Walk {
 public:
  Walk(env::File& file, std::uint64_t file_size, SegmentIdentity identity)
      : file_(file), file_size_(file_size), identity_(identity), near_(file, walk_window), far_(file, search_window) {}

  Result<std::vector<WalkedRecord>> run();

 private:
  std::optional<RecordHeader> header_in(Window& window, std::uint64_t offset);
  std::optional<RecordHeader> header_after(std::uint64_t end);
  std::optional<RecordHeader> search(std::uint64_t from);
  bool payload_is_right(const WalkedRecord& record);

  env::File& file_;
  const std::uint64_t file_size_;
  const SegmentIdentity identity_;
  Window near_;
  Window far_;
  std::vector<std::byte> payload_;
};

std::optional<RecordHeader> Walk::header_in(Window& window, std::uint64_t offset) {
  const auto bytes = window.at(offset, record_header_size);
  if (bytes.empty() || !begins_like_record(bytes.data())) return std::nullopt;
  HeaderBytes copy;
  std::ranges::copy(bytes, copy.begin());
  auto header = decode_in_place(copy, identity_, offset);
  if (header && record_end(offset, header->key.len) > file_size_) return std::nullopt;
  return header;
}

/// A record of either kind where the writer would have put it.
std::optional<RecordHeader> Walk::header_after(std::uint64_t end) {
  if (auto small = header_in(near_, next_record(end, 0))) return small;
  return header_in(near_, next_record(end, aligned_payload_size));
}

std::optional<RecordHeader> Walk::search(std::uint64_t from) {
  const std::uint64_t end = std::min(file_size_, from + search_limit);
  for (std::uint64_t at = next_record(from, 0); at + record_header_size <= end; at += record_alignment) {
    const auto begin = far_.at(at, sizeof(std::uint32_t));
    if (begin.empty()) return std::nullopt;
    if (!begins_like_record(begin.data())) continue;
    if (auto header = header_in(near_, at)) return header;
  }
  return std::nullopt;
}

bool Walk::payload_is_right(const WalkedRecord& record) {
  payload_.resize(record.entry.length);
  const auto count = file_.read_at(record.entry.offset + record_header_size, payload_);
  return count && *count == payload_.size() && crc32c(payload_) == record.payload_crc32c;
}

Result<std::vector<WalkedRecord>> Walk::run() {
  std::vector<WalkedRecord> records;
  std::uint64_t end = 0;
  while (true) {
    auto header = header_after(end);
    if (!header) header = search(end);
    if (!header) break;
    records.push_back({{fingerprint(header->key), header->location.offset, header->key.len}, header->payload_crc32c});
    end = record_end(header->location.offset, header->key.len);
  }
  for (const Window* window : {&near_, &far_}) {
    if (window->error()) return std::unexpected(*window->error());
  }
  const std::uint64_t verified_from = end > verified_tail ? end - verified_tail : 0;
  std::erase_if(records, [&](const WalkedRecord& record) {
    return record.entry.offset >= verified_from && !payload_is_right(record);
  });
  return records;
}

}  // namespace

Result<std::vector<WalkedRecord>> walk_records(env::File& file, std::uint64_t file_size, SegmentIdentity identity) {
  return Walk(file, file_size, identity).run();
}

}  // namespace seekfs::segmentstore
