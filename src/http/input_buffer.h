// The bytes that a connection has received and not yet used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace seekfs::http {

/// Starts small, since most connections only ever see short headers, and grows up to a limit. Views into it stay valid
/// until make_room().
class InputBuffer {
 public:
  static constexpr std::size_t initial_bytes = 4096;

  explicit InputBuffer(std::size_t limit) : limit_(limit), bytes_(std::min(initial_bytes, limit)) {}

  std::string_view pending() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }
  std::span<char> free() noexcept { return std::span(bytes_).subspan(end_); }
  void received(std::size_t count) noexcept { end_ += count; }
  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Makes free() not empty by moving what is pending to the front, and by growing. True when that moved anything
  /// (views are invalid then). With `limit` bytes pending there is no room to make: the caller has refused them before.
  bool make_room() {
    if (end_ < bytes_.size()) return false;
    if (begin_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      bytes_.resize(std::min(2 * bytes_.size(), limit_));
    }
    return true;
  }

 private:
  std::size_t limit_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace seekfs::http
