// A position in a list of buffers and the iovecs that follow it: what gathered and scattered calls continue from.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace seekfs::env {

/// Walks over `pieces`, whose bytes the caller keeps. Byte is std::byte or const std::byte.
template <class Byte>
class PieceCursor {
 public:
  explicit PieceCursor(std::span<const std::span<Byte>> pieces) noexcept : pieces_(pieces) {
    for (const std::span<Byte> piece : pieces) left_ += piece.size();
  }

  std::uint64_t left() const noexcept { return left_; }  ///< bytes after the position

  /// The buffers that follow, as many as one system call takes. Valid until the next call.
  std::span<const iovec> next() noexcept {
    std::size_t count = 0;
    std::size_t begin = begin_;
    for (std::size_t index = index_; index < pieces_.size() && count < vectors_.size(); ++index) {
      const std::span<Byte> piece = pieces_[index].subspan(begin);
      begin = 0;
      if (piece.empty()) continue;
      vectors_[count++] = {const_cast<std::remove_const_t<Byte>*>(piece.data()), piece.size()};
    }
    return std::span(vectors_).first(count);
  }

  /// Moves on by `count` bytes, at most left().
  void advance(std::uint64_t count) noexcept {
    left_ -= count;
    while (count > 0) {
      const std::uint64_t step = std::min<std::uint64_t>(count, pieces_[index_].size() - begin_);
      count -= step;
      begin_ += step;
      if (begin_ == pieces_[index_].size()) {
        ++index_;
        begin_ = 0;
      }
    }
  }

 private:
  std::span<const std::span<Byte>> pieces_;
  std::size_t index_ = 0;  ///< of the piece that holds the position
  std::size_t begin_ = 0;  ///< in that piece
  std::uint64_t left_ = 0;
  std::array<iovec, IOV_MAX> vectors_;
};

}  // namespace seekfs::env
