// The bytes of a file on a simulated disk: what a process sees now, and every older state of each block that the disk
// may still hold because nothing was synced since.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "env/random.h"

namespace seekfs::env {

/// How one power loss treats what was not synced; drawn once a crash, so that crashes differ in kind.
struct CrashMood {
  std::uint64_t kept_per_mille = 500;  ///< of unsynced writes
  bool whole_pages = false;            ///< a page of the cache is written whole or not; else each sector on its own
  bool tears = false;                  ///< sectors may be partly old and partly new
  bool names_in_order = false;         ///< as a journal keeps them; else each for itself
  bool stale_blocks = false;           ///< a lost write to a new block leaves there what another file had before

  static CrashMood draw(Random& random);
  bool keeps(Random& random) const { return random.below(1000) < kept_per_mille; }
};

/// Blocks are immutable and shared by all states and copies, so copying one is cheap. Not thread-safe.
class SimulatedContent {
 public:
  static constexpr std::uint64_t block_size = 4096;
  static constexpr std::uint64_t sector_size = 512;
  using Block = std::array<std::byte, block_size>;
  using BlockRef = std::shared_ptr<const Block>;  ///< null: a hole

  std::uint64_t size() const noexcept { return size_; }
  /// Blocks that take space on the disk.
  std::uint64_t allocated_blocks() const noexcept;
  /// Blocks that a write or an allocation of this range would add.
  std::uint64_t missing_blocks(std::uint64_t offset, std::uint64_t length) const noexcept;
  std::span<const BlockRef> blocks() const noexcept { return blocks_; }
  bool is_synced() const noexcept { return changes_.empty() && sizes_.empty(); }

  std::size_t read(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) const;
  /// The first `length` bytes of the pieces.
  void write(std::uint64_t offset, std::span<const std::span<const std::byte>> pieces, std::uint64_t length);
  void truncate(std::uint64_t size);
  /// As posix_fallocate: holes become zeros that take space, and the size grows to the end of the range.
  void allocate(std::uint64_t offset, std::uint64_t length);
  void sync();

  /// What a power loss leaves: synced and all of it. `stale` are blocks that other files had.
  SimulatedContent after_crash(const CrashMood& mood, Random& random, std::span<const BlockRef> stale) const;

 private:
  struct Change {
    std::uint32_t index = 0;
    BlockRef before;
  };

  void set_size(std::uint64_t size);
  void replace(std::uint64_t index, BlockRef block);
  void cut_after_end();

  std::uint64_t size_ = 0;
  std::vector<BlockRef> blocks_;
  std::vector<Change> changes_;       ///< since the last sync, in order
  std::vector<std::uint64_t> sizes_;  ///< that it had since the last sync
};

}  // namespace seekfs::env
