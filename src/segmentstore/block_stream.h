// A long stream of bytes in a file, cut into blocks of 64 KiB with a CRC each, so that damage anywhere is seen. A block
// is: 0 CRC32C of what follows, 4 number of bytes used, 8 the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "env/file.h"

namespace seekfs::segmentstore {

inline constexpr std::size_t stream_block_size = 64U << 10U;
inline constexpr std::size_t stream_block_payload = stream_block_size - 8;

/// The size of a file that holds `bytes`.
constexpr std::uint64_t stream_file_size(std::uint64_t bytes) noexcept {
  return (bytes + stream_block_payload - 1) / stream_block_payload * stream_block_size;
}

/// Writes from the file's beginning. After an Error nothing more is to be written.
class BlockWriter {
 public:
  explicit BlockWriter(env::File& file) : file_(file) { buffer_.reserve(buffer_size); }
  Status write(std::span<const std::byte> bytes);
  Status finish();

 private:
  static constexpr std::size_t buffer_size = 16 * stream_block_size;
  void close_block();
  Status flush();

  env::File& file_;
  std::uint64_t offset_ = 0;
  std::vector<std::byte> buffer_;  ///< whole blocks, and one being filled
  std::size_t block_begin_ = 0;
};

class BlockReader {
 public:
  explicit BlockReader(env::File& file) : file_(file) {}
  /// Exactly out.size() bytes; `corrupt` when a block is damaged or the stream ends before.
  Status read(std::span<std::byte> out);

 private:
  Status next_block();

  env::File& file_;
  std::uint64_t offset_ = 0;
  std::vector<std::byte> buffer_;  ///< some blocks as they are in the file
  std::size_t block_ = 0;          ///< of the current block in the buffer
  std::span<const std::byte> rest_;
};

}  // namespace seekfs::segmentstore
