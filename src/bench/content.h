// The bytes of a benchmark's files as a function of seed, path and offset: every read can be checked without a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace seekfs::bench {

/// One file's bytes: SplitMix64 (Steele, Lea, Flood, 2014) of a key and the number of the 8-byte word, little-endian.
/// A value; thread-safe as any value. Another seed or path gives other bytes at every offset.
class Content {
 public:
  Content(std::uint64_t seed, std::string_view path) noexcept;

  /// The bytes at [offset, offset + out.size()); the same for any cutting into calls.
  void fill(std::uint64_t offset, std::span<std::byte> out) const noexcept;

  /// The index in `data` of the first byte that is not what the file has at `offset` + index; nothing when all are
  /// right.
  std::optional<std::size_t> first_wrong(std::uint64_t offset, std::span<const std::byte> data) const noexcept;

  /// The same, but looks only at the first and last 8 bytes and at 8 bytes in each 512 between: sees wrong pages,
  /// ranges and files, not every flipped bit, at a fiftieth of the cost.
  std::optional<std::size_t> first_wrong_sparse(std::uint64_t offset, std::span<const std::byte> data) const noexcept;

 private:
  std::uint64_t word(std::uint64_t number) const noexcept;

  std::uint64_t key_;
};

}  // namespace seekfs::bench
