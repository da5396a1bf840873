// Values on their way into the configuration: as a source wrote them, as the table of keys understands them, and back.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace seekfs::app {

/// A value as its source gave it. Environment and flags give text only; TOML also gives the other types.
using RawValue = std::variant<std::string, bool, std::int64_t, double, std::vector<std::string>>;

/// The raw value as TOML writes it; for messages.
std::string to_string(const RawValue& raw);

enum class ValueType : std::uint8_t {
  text,
  boolean,
  integer,
  size,      ///< bytes: "256KiB", or a plain number of bytes
  duration,  ///< "10s"; a number without a unit is refused
  choice,    ///< one of a list of words
  list,      ///< texts: a TOML array, or one text; from environment and flags separated by commas
  share,     ///< "10%" of something, or a size
};

/// What a value must be; the part of a Key that parsing needs.
struct ValueRule {
  ValueType type = ValueType::text;
  bool automatic = false;  ///< also takes "auto"
  /// Inclusive bounds: of the number for an integer, bytes for a size, milliseconds for a duration.
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  std::string_view choices = {};  ///< "s3|fs|mem", in the order of the enum they stand for
  /// "old=new": an older word for one of the choices.
  std::string_view choice_alias = {};
};

/// A value that obeys its rule. Only the member that its type names is meaningful.
struct Value {
  bool automatic = false;
  bool flag = false;
  std::uint64_t number = 0;  ///< integer, bytes, milliseconds, or the index of a choice
  std::string text;          ///< text and share
  std::vector<std::string> list;
  bool used_choice_alias = false;
};

/// Where `raw` does not obey the rule: `invalid`, saying what is accepted ("expected …"), without naming the key.
Result<Value> parse_value(const ValueRule& rule, const RawValue& raw);

/// A number of a fixed unit, as keys ending in _mib, _gib and _ms have: bytes (or milliseconds) in `unit`. Fractions
/// are fine where they make whole bytes.
Result<Value> parse_number_of(const ValueRule& rule, const RawValue& raw, std::uint64_t unit);

/// The value as TOML writes it; parse_value() of it gives the same value again.
std::string format_value(const ValueRule& rule, const Value& value);

/// A TOML basic string with its quotes.
std::string quote(std::string_view text);

/// What the rule accepts, for messages and documentation: `a size such as "256KiB", or "auto"`.
std::string describe(const ValueRule& rule);

/// The words of "a|b|c".
std::vector<std::string_view> split_choices(std::string_view choices);

}  // namespace seekfs::app
