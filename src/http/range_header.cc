// Deciding what a Range header field asks for.
#include "http/range_header.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/number.h"
#include "http/ascii.h"

namespace seekfs::http {
namespace {

constexpr RangeDecision whole{};
constexpr RangeDecision unsatisfiable{RangeDecision::Kind::unsatisfiable, 0, 0};

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A position of any length is valid syntax; one past 2^64-1 lies behind every file.
std::optional<std::uint64_t> position(std::string_view text) noexcept {
  if (!all_digits(text)) return std::nullopt;
  return parse_number(text).value_or(std::numeric_limits<std::uint64_t>::max());
}

RangeDecision suffix(std::string_view length_text, std::uint64_t size) noexcept {
  const auto length = position(length_text);
  if (!length) return whole;
  if (*length == 0) return unsatisfiable;
  // "bytes=-5" of an empty file is satisfiable, yet 206 cannot name an empty range.
  if (size == 0) return whole;
  const std::uint64_t len = std::min(*length, size);
  return {RangeDecision::Kind::part, size - len, len};
}

}  // namespace

RangeDecision decide_range(std::string_view value, std::uint64_t size) noexcept {
  std::string_view spec = value;
  const std::string_view unit = take_until(spec, '=');
  if (!equal_ignoring_case(unit, "bytes") || spec.find(',') != std::string_view::npos) return whole;
  spec = trim(spec);
  if (spec.find('-') == std::string_view::npos) return whole;
  const std::string_view first_text = take_until(spec, '-');
  if (first_text.empty()) return suffix(spec, size);
  const auto first = position(first_text);
  const auto last = spec.empty() ? std::numeric_limits<std::uint64_t>::max() : position(spec);
  if (!first || !last || *last < *first) return whole;
  if (*first >= size) return unsatisfiable;
  return {RangeDecision::Kind::part, *first, std::min(*last, size - 1) - *first + 1};
}

}  // namespace seekfs::http
