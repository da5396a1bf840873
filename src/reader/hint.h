// A hint as plain values: what a client says that it will read, and how far its prefetch has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "env/clock.h"

namespace seekfs::reader {

/// Bytes [off, off + len) of a file, cut at its end.
struct HintRange {
  std::uint64_t off = 0;
  std::uint64_t len = 0;
};

/// One item of a hint: ranges of a file in that order, a whole file, or all files below a prefix in order of path.
struct HintWindow {
  std::string name;
  bool is_prefix = false;         ///< of paths; the empty one is the whole version
  std::vector<HintRange> ranges;  ///< of a file; empty: all of it
};

/// What is to be read, in that order.
struct HintRequest {
  std::uint64_t epoch = 0;     ///< the client's own number, told back
  std::uint64_t priority = 0;  ///< hints with a larger one go first; among equals the older
  std::vector<HintWindow> windows;
  std::optional<env::Duration> ttl;  ///< nothing: HintsOptions::ttl
};

enum class HintState : std::uint8_t {
  waiting,  ///< for hints that go before it
  running,
  paused,   ///< the origin or the memory does not allow more for now; goes on by itself
  done,     ///< everything was looked at
  stopped,  ///< the caches have no room for the rest
  failed,   ///< the origin refuses us
  cancelled
};
std::string_view to_string(HintState state) noexcept;
/// Nothing more can happen to a hint in this state.
bool is_final(HintState state) noexcept;

struct HintAmount {
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;
};

/// Why an item could not be read, or not all of it: not_found, range_not_satisfiable, source_changed, origin_corrupt.
struct HintItemError {
  std::size_t index = 0;  ///< in HintRequest::windows
  std::string path;
  ErrorCode code = ErrorCode::internal;
  std::string detail;
};

struct HintStatus {
  std::string id;
  std::string ns;
  std::uint64_t version = 0;
  std::uint64_t epoch = 0;
  std::uint64_t priority = 0;
  HintState state = HintState::waiting;
  std::string detail;  ///< why it is paused, stopped or failed, or has not all that it wanted
  std::size_t items = 0;
  bool counted = false;  ///< `wanted` is complete
  HintAmount wanted;     ///< a page that is in two items counts twice
  HintAmount resident;   ///< of those, in a cache; exact in a final state
  HintAmount failed;     ///< of those, could not be read
  HintAmount fetched;    ///< asked of the object store
  std::uint64_t error_count = 0;
  std::vector<HintItemError> errors;  ///< the first ones, at most one an item and file
  env::Duration expires_in{};         ///< then it is forgotten
};

/// Counts an item's error and keeps it if there is room; another one of the same item and file is left out.
void add_error(HintStatus& status, HintItemError error);

}  // namespace seekfs::reader
