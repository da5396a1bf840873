// Window by window; in a prefix file by file, in a file range by range.
#include "reader/hint_cursor.h"

#include <fmt/format.h>

#include <algorithm>

namespace seekfs::reader {

std::uint64_t HintSpan::bytes() const {
  const manifest::CompactManifest& manifest = file.manifest();
  const manifest::Page last = manifest.page(file.index(), first + count - 1);
  return last.off + last.len - manifest.page(file.index(), first).off;
}

void HintCursor::leave_window() {
  ++window_;
  inside_ = false;
  range_ = 0;
}

void HintCursor::enter_window(const OnError& on_error) {
  const HintWindow& window = (*windows_)[window_];
  if (window.is_prefix) {
    file_ = version_.manifest->lower_bound(window.name);
    inside_ = true;
    return;
  }
  const auto found = find_file(version_, window.name);
  if (found) {
    file_ = found->index();
    inside_ = true;
    return;
  }
  if (on_error) on_error({window_, window.name, found.error().code, found.error().message});
  leave_window();
}

HintCursor::Step HintCursor::next_of_prefix(HintSpan& span) {
  const manifest::CompactManifest& manifest = *version_.manifest;
  if (file_ < manifest.file_count()) manifest.path(file_, path_);
  if (file_ == manifest.file_count() || !path_.starts_with((*windows_)[window_].name)) {
    leave_window();
    return Step::moved;
  }
  const manifest::FileIndex index = file_++;
  if (manifest.page_count(index) == 0) return Step::moved;
  span = {.window = window_,
          .file = FileRef(version_.ns, version_.manifest, index),
          .first = 0,
          .count = manifest.page_count(index)};
  return Step::span;
}

HintCursor::Step HintCursor::next_range(HintSpan& span, const OnError& on_error) {
  const HintWindow& window = (*windows_)[window_];
  const manifest::CompactManifest& manifest = *version_.manifest;
  const std::uint64_t size = manifest.size(file_);
  if (range_ == std::max<std::size_t>(window.ranges.size(), 1)) {
    leave_window();
    return Step::moved;
  }
  const HintRange range = window.ranges.empty() ? HintRange{0, size} : window.ranges[range_];
  ++range_;
  if (range.off > size || (range.off == size && range.off > 0 && range.len > 0)) {
    if (on_error) {
      on_error({window_, window.name, ErrorCode::range_not_satisfiable,
                fmt::format("the range at {} lies outside of '{}', which has {} bytes", range.off, window.name, size)});
    }
    return Step::moved;
  }
  const std::uint64_t len = std::min(range.len, size - range.off);
  if (len == 0) return Step::moved;
  const std::uint32_t first = manifest.page_at(file_, range.off);
  span = {.window = window_,
          .file = FileRef(version_.ns, version_.manifest, file_),
          .first = first,
          .count = manifest.page_at(file_, range.off + len - 1) - first + 1};
  return Step::span;
}

HintCursor::Step HintCursor::next(HintSpan& span, const OnError& on_error) {
  if (window_ == windows_->size()) return Step::end;
  if (!inside_) {
    enter_window(on_error);
    return Step::moved;
  }
  return (*windows_)[window_].is_prefix ? next_of_prefix(span) : next_range(span, on_error);
}

}  // namespace seekfs::reader
