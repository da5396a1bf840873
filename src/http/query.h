// The query part of a request target: distinct keys with values, decoded once.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::http {

/// Views into the text that was parsed and into a buffer of its own: both must live as long as what is read from it.
/// One object serves many requests; parse() starts anew and allocates only when its buffer must grow.
class Query {
 public:
  static constexpr std::size_t max_parameters = 16;

  /// `text` is what follows '?' (empty: no parameters). bad_request on a parameter without a name, a name that occurs
  /// twice, a bad percent escape and more than max_parameters.
  Status parse(std::string_view text);

  /// The decoded value; nothing when there is no such key.
  std::optional<std::string_view> get(std::string_view key) const noexcept;
  /// bad_request naming the first key that is none of `keys`.
  Status allow_only(std::initializer_list<std::string_view> keys) const;

  /// bad_request when the key is missing.
  Result<std::string_view> required(std::string_view key) const;
  /// The value as an unsigned decimal number; nothing when there is no such key, bad_request when it is no number.
  Result<std::optional<std::uint64_t>> number(std::string_view key) const;
  /// The value of "version": 1 and up.
  Result<std::optional<std::uint64_t>> version() const;

 private:
  struct Parameter {
    std::string_view key;
    std::string_view value;
  };
  Status add(std::string_view item, bool encoded);

  std::array<Parameter, max_parameters> parameters_;
  std::size_t count_ = 0;
  std::string decoded_;
};

}  // namespace seekfs::http
