// The id of one request, in its reply, its errors and its log lines.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seekfs {

/// 16 lower-case hexadecimal digits; a value without allocation.
class RequestId {
 public:
  static constexpr std::size_t length = 16;

  explicit RequestId(std::uint64_t number) noexcept;
  std::string_view view() const noexcept { return {text_.data(), text_.size()}; }
  bool operator==(const RequestId&) const = default;

 private:
  std::array<char, length> text_;
};

/// Gives ids that never repeat within 2^64 calls and that look unlike those of a source with another seed. Thread-safe;
/// next() is one relaxed atomic addition and a mix of bits.
class RequestIdSource {
 public:
  /// `seed`: 64 random bits, from env::Random.
  explicit RequestIdSource(std::uint64_t seed) noexcept : seed_(seed) {}
  RequestId next() noexcept;

 private:
  std::uint64_t seed_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace seekfs
