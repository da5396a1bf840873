// Walks what a hint asks for, in its order, as runs of pages of one file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reader/hint.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// Pages [first, first + count) of a file; never empty.
struct HintSpan {
  std::size_t window = 0;  ///< which item asked for it
  FileRef file;
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  std::uint64_t bytes() const;
};

/// Belongs to one thread at a time; `windows` outlives it and stays as it is.
class HintCursor {
 public:
  enum class Step : std::uint8_t { span, moved, end };
  using OnError = std::function<void(HintItemError)>;

  HintCursor(VersionRef version, const std::vector<HintWindow>& windows)
      : version_(std::move(version)), windows_(&windows) {}

  /// One step of bounded work: `span` is set, or the walk has moved on, or it is over. Items that cannot be read are
  /// given to `on_error` (may be empty) and passed over.
  Step next(HintSpan& span, const OnError& on_error);

 private:
  void enter_window(const OnError& on_error);
  Step next_of_prefix(HintSpan& span);
  Step next_range(HintSpan& span, const OnError& on_error);
  void leave_window();

  VersionRef version_;
  const std::vector<HintWindow>* windows_;
  std::size_t window_ = 0;
  bool inside_ = false;           ///< of the window; file_ is valid
  manifest::FileIndex file_ = 0;  ///< the window's file, or the next one of its prefix
  std::size_t range_ = 0;         ///< the next one of the window
  std::string path_;
};

}  // namespace seekfs::reader
