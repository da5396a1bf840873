// What a simulated disk and the files that are open on it share, and such a file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/mutex.h"
#include "env/file.h"
#include "env/random.h"
#include "env/simulated_tree_testing.h"

namespace seekfs::env {

/// Whether an operation is done, cut off by the crash, or comes after it.
enum class Turn : std::uint8_t { whole, cut, dead };

/// How an operation ended: an Error unless it was done whole.
Status outcome(Turn turn, std::string_view action, const std::string& path);

/// Everything that open files share with their disk.
struct SimulatedState {
  explicit SimulatedState(std::uint64_t bytes) : capacity(bytes / SimulatedContent::block_size) {}

  mutable Mutex mutex;
  SimulatedTree tree SEEKFS_GUARDED_BY(mutex);
  std::uint64_t capacity;                           // blocks
  std::uint64_t used SEEKFS_GUARDED_BY(mutex) = 1;  // blocks; the root is one
  std::uint64_t operations SEEKFS_GUARDED_BY(mutex) = 0;
  std::uint64_t crash_operation SEEKFS_GUARDED_BY(mutex) = 0;  // 0: none
  bool crashed SEEKFS_GUARDED_BY(mutex) = false;
  std::string cut_operation SEEKFS_GUARDED_BY(mutex);
  bool page_cache SEEKFS_GUARDED_BY(mutex) = true;
  std::string type SEEKFS_GUARDED_BY(mutex) = "ext4";
  std::int64_t now_ns SEEKFS_GUARDED_BY(mutex) = 1'000'000'000'000'000'000;

  Turn next_turn(std::string_view action, const std::string& path) SEEKFS_REQUIRES(mutex) {
    if (crashed) return Turn::dead;
    ++operations;
    now_ns += 1000;
    crashed = operations == crash_operation;
    if (crashed) cut_operation = std::string(action) + " " + path;
    return crashed ? Turn::cut : Turn::whole;
  }
  /// How many of `length` bytes the write that is cut off has done: none, all or a part, as follows from its number.
  std::uint64_t cut_length(std::uint64_t length) const SEEKFS_REQUIRES(mutex) {
    const std::unique_ptr<Random> random = make_seeded_random(operations);
    const std::uint64_t kind = random->below(4);
    return kind == 0 ? 0 : kind == 1 ? length : random->below(length + 1);
  }
  /// next_turn() for an operation without parts: the one that is cut off is done wholly, `cut`, or not at all, `dead`.
  Turn next_step(std::string_view action, const std::string& path) SEEKFS_REQUIRES(mutex) {
    const Turn turn = next_turn(action, path);
    return turn == Turn::cut && make_seeded_random(operations)->below(2) == 0 ? Turn::dead : turn;
  }
  std::uint64_t available() const SEEKFS_REQUIRES(mutex) { return capacity - std::min(capacity, used); }
  Status check_alive(std::string_view action, const std::string& path) const SEEKFS_REQUIRES(mutex) {
    return outcome(crashed ? Turn::dead : Turn::whole, action, path);
  }
  void release(const SimulatedNode& node) SEEKFS_REQUIRES(mutex) {
    if (node.links == 0 && node.open_files == 0) used -= node.blocks();
  }
};

/// "action path: meaning of the errno".
std::unexpected<Error> fail_simulated(int error_number, std::string_view action, const std::string& path);
FileInfo info_of(const SimulatedNode& node);
/// Counts as open until it is destroyed; the caller holds the mutex.
std::unique_ptr<File> make_simulated_file(std::shared_ptr<SimulatedState> disk, SimulatedNodeRef node, std::string path,
                                          OpenMode mode);

}  // namespace seekfs::env
