// The Range header field (RFC 9110 section 14) for one file of known size.
#pragma once

#include <cstdint>
#include <string_view>

namespace seekfs::http {

struct RangeDecision {
  enum class Kind : std::uint8_t {
    whole,         ///< no range applies: send everything with 200
    part,          ///< send [off, off + len) with 206; len > 0
    unsatisfiable  ///< 416
  };
  Kind kind = Kind::whole;
  std::uint64_t off = 0;
  std::uint64_t len = 0;

  bool operator==(const RangeDecision&) const = default;
};

/// `value`: the field's value, empty when there is none. Another unit, bad syntax and several ranges all mean the whole
/// file, as the RFC allows.
RangeDecision decide_range(std::string_view value, std::uint64_t size) noexcept;

}  // namespace seekfs::http
