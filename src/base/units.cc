// Sizes and times as people write them. Decimal fractions are read digit by digit, so that "1.5 GiB" is exact.
#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>

namespace seekfs {
namespace {

struct Unit {
  std::string_view name;  // lower case
  std::uint64_t factor;
};

constexpr std::array<Unit, 17> size_units = {{{"", 1},
                                              {"b", 1},
                                              {"k", KiB},
                                              {"kib", KiB},
                                              {"kb", 1000},
                                              {"m", MiB},
                                              {"mib", MiB},
                                              {"mb", 1'000'000},
                                              {"g", GiB},
                                              {"gib", GiB},
                                              {"gb", 1'000'000'000},
                                              {"t", 1024 * GiB},
                                              {"tib", 1024 * GiB},
                                              {"tb", 1'000'000'000'000},
                                              {"p", 1024 * 1024 * GiB},
                                              {"pib", 1024 * 1024 * GiB},
                                              {"pb", 1'000'000'000'000'000}}};

constexpr std::array<Unit, 5> duration_units = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

constexpr std::uint64_t max_size = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t max_duration_ms = 36'500ULL * 86'400'000ULL;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// A decimal number and the word after it.
struct Quantity {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;  // over fraction_scale
  std::uint64_t fraction_scale = 1;
  std::string unit;  // lower case
};

std::optional<std::uint64_t> take_digits(std::string_view& text) {
  std::uint64_t value = 0;
  std::size_t count = 0;
  for (; count < text.size() && is_digit(text[count]); ++count) {
    const auto digit = static_cast<std::uint64_t>(text[count] - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity;
  const std::optional<std::uint64_t> whole = take_digits(text);
  if (!whole) return std::nullopt;
  quantity.whole = *whole;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t before = text.size();
    const std::optional<std::uint64_t> fraction = take_digits(text);
    const std::size_t digits = before - text.size();
    if (!fraction || digits > 18) return std::nullopt;
    quantity.fraction = *fraction;
    for (std::size_t i = 0; i < digits; ++i) quantity.fraction_scale *= 10;
  }
  if (text.starts_with(' ')) {
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
  }
  for (const char c : text) quantity.unit.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return quantity;
}

/// quantity × factor, rounded down; nothing when it passes `limit`.
std::optional<std::uint64_t> multiply(const Quantity& quantity, std::uint64_t factor, std::uint64_t limit) {
  __extension__ using Wide = unsigned __int128;
  const Wide total = Wide{quantity.whole} * factor + Wide{quantity.fraction} * factor / Wide{quantity.fraction_scale};
  if (total > limit) return std::nullopt;
  return static_cast<std::uint64_t>(total);
}

template <std::size_t Count>
const Unit* find_unit(const std::array<Unit, Count>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const std::optional<Quantity> quantity = parse_quantity(text);
  const Unit* unit = quantity ? find_unit(size_units, quantity->unit) : nullptr;
  if (unit == nullptr) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is not a size; write it like 4096, \"256KiB\", \"1.5GiB\" or \"2MB\"", text));
  }
  if (unit->factor == 1 && quantity->fraction != 0) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is not a size: a byte has no parts", text));
  }
  const std::optional<std::uint64_t> bytes = multiply(*quantity, unit->factor, max_size);
  if (!bytes) return fail(ErrorCode::invalid, fmt::format("the size '{}' is more than 2^63-1 bytes", text));
  return *bytes;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const std::optional<Quantity> quantity = parse_quantity(text);
  const Unit* unit = quantity ? find_unit(duration_units, quantity->unit) : nullptr;
  if (unit == nullptr) {
    return fail(
        ErrorCode::invalid,
        fmt::format("'{}' is not a duration; write it like \"250ms\", \"10s\", \"5m\", \"12h\" or \"30d\"", text));
  }
  const std::optional<std::uint64_t> count = multiply(*quantity, unit->factor, max_duration_ms);
  if (!count) return fail(ErrorCode::invalid, fmt::format("the duration '{}' is more than 100 years", text));
  return std::chrono::milliseconds(static_cast<std::int64_t>(*count));
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<Unit, 5> units = {
      {{"PiB", 1024 * 1024 * GiB}, {"TiB", 1024 * GiB}, {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}}};
  for (const Unit& unit : units) {
    if (bytes != 0 && bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
  }
  return fmt::format("{}", bytes);
}

std::string format_size_approx(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> names = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < KiB) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t name = 0;
  // 1023.95 would be printed as "1024.0" of the smaller unit.
  for (; value >= 1023.95 && name + 1 < names.size(); ++name) value /= 1024;
  return fmt::format("{:.1f} {}", value, names[name]);
}

std::string format_duration(std::chrono::milliseconds duration) {
  constexpr std::array<Unit, 4> units = {{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}};
  const std::int64_t count = duration.count();
  for (const Unit& unit : units) {
    const auto factor = static_cast<std::int64_t>(unit.factor);
    if (count != 0 && count % factor == 0) return fmt::format("{}{}", count / factor, unit.name);
  }
  return count == 0 ? "0s" : fmt::format("{}ms", count);
}

}  // namespace seekfs
