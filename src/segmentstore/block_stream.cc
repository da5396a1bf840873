// Blocks to and from a file, about a megabyte a call.
#include "segmentstore/block_stream.h"

#include <algorithm>

#include "base/crc32c.h"
#include "segmentstore/little_endian.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::size_t header_size = stream_block_size - stream_block_payload;
constexpr std::size_t read_size = 16 * stream_block_size;

}  // namespace

Status BlockWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (buffer_.size() == block_begin_) buffer_.resize(block_begin_ + header_size);
    const std::size_t free = block_begin_ + stream_block_size - buffer_.size();
    const auto part = bytes.first(std::min(free, bytes.size()));
    buffer_.insert(buffer_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (part.size() < free) continue;
    close_block();
    if (buffer_.size() >= buffer_size) SEEKFS_TRY(flush());
  }
  return {};
}

void BlockWriter::close_block() {
  const std::size_t used = buffer_.size() - block_begin_ - header_size;
  buffer_.resize(block_begin_ + stream_block_size);
  std::byte* at = buffer_.data() + block_begin_;
  store_u32(at + 4, static_cast<std::uint32_t>(used));
  store_u32(at, crc32c(std::span(at + 4, stream_block_size - 4)));
  block_begin_ = buffer_.size();
}

Status BlockWriter::flush() {
  SEEKFS_TRY(file_.write_at(offset_, buffer_));
  offset_ += buffer_.size();
  buffer_.clear();
  block_begin_ = 0;
  return {};
}

Status BlockWriter::finish() {
  if (buffer_.size() > block_begin_) close_block();
  return flush();
}

Status BlockReader::next_block() {
  if (block_ + stream_block_size > buffer_.size()) {
    buffer_.resize(read_size);
    SEEKFS_ASSIGN(const std::size_t count, file_.read_at(offset_, buffer_));
    buffer_.resize(count / stream_block_size * stream_block_size);
    if (buffer_.empty()) return fail(ErrorCode::corrupt, "the file ends too early");
    offset_ += buffer_.size();
    block_ = 0;
  }
  const std::span<const std::byte> block = std::span(buffer_).subspan(block_, stream_block_size);
  block_ += stream_block_size;
  const std::uint32_t used = load_u32(block.data() + 4);
  if (load_u32(block.data()) != crc32c(block.subspan(4)) || used > stream_block_payload) {
    return fail(ErrorCode::corrupt, "a block is damaged");
  }
  rest_ = block.subspan(header_size, used);
  return {};
}

Status BlockReader::read(std::span<std::byte> out) {
  while (!out.empty()) {
    if (rest_.empty()) SEEKFS_TRY(next_block());
    if (rest_.empty()) return fail(ErrorCode::corrupt, "the file ends too early");
    const auto part = rest_.first(std::min(rest_.size(), out.size()));
    std::ranges::copy(part, out.begin());
    out = out.subspan(part.size());
    rest_ = rest_.subspan(part.size());
  }
  return {};
}

}  // namespace seekfs::segmentstore
