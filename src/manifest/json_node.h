// One object or array of a known JSON format, read while it streams by: the parts that a manifest's reader is made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::manifest {

enum class JsonType : std::uint8_t { null, boolean, unsigned_integer, other_number, string, object, array };

/// "an unsigned integer", "a string", …
std::string_view describe(JsonType type) noexcept;

/// A value without parts. `text` lives until the call that got it returns.
struct Scalar {
  JsonType type = JsonType::null;
  std::uint64_t integer = 0;  ///< of unsigned_integer, exact
  std::string_view text;      ///< of string, unescaped, valid UTF-8
};

/// The longest string of any field that has no cap of its own, bytes.
inline constexpr std::size_t default_string_cap = 1024;

/// JsonReader calls a node for what lies directly in it, in the order of the text. Errors (unsupported_manifest) say
/// what is wrong with which member, e.g. "len: expected …"; the reader puts the names of all open nodes before that.
class JsonNode {
 public:
  virtual ~JsonNode() = default;
  /// The next member of an object is called `key`. False: nobody knows it, and its value will be skipped.
  virtual Result<bool> on_key(std::string_view key) = 0;
  virtual Status on_scalar(const Scalar& value) = 0;
  /// The next value is an object or an array: gives the node that reads it, owned by this one.
  virtual Result<JsonNode*> on_open(JsonType bracket) = 0;
  virtual Status on_close() = 0;

  /// How long the next value may be if it is a string, bytes; longer ones are refused while they are read.
  virtual std::size_t string_cap() const { return default_string_cap; }
  /// Whether the next string goes piecewise to on_string_part(), then an empty on_scalar(), without being kept.
  virtual bool streams_string() const { return false; }
  virtual Status on_string_part(std::string_view part);

  /// Appends how this node is called inside the one around it, with what separates it from a member's name.
  virtual void append_name(std::string& out) const = 0;
  /// Appends the name of the member or element that is being read.
  virtual void append_value_name(std::string& out) const = 0;

 protected:
  /// "<value name>: <what>"
  std::unexpected<Error> refuse(std::string_view what) const;
  /// "<value name>: expected <expected>, found <found>"
  std::unexpected<Error> mismatch(std::string_view expected, JsonType found) const;
  /// The value, or an Error if it is no unsigned integer of at most `max`.
  Result<std::uint64_t> integer(const Scalar& value, std::uint64_t max = UINT64_MAX) const;
  Result<std::string_view> text(const Scalar& value) const;
};

/// An object with a fixed set of known members, each at most once.
class ObjectNode : public JsonNode {
 public:
  struct Field {
    std::string_view name;
    bool required = true;
    std::size_t string_cap = default_string_cap;
  };

  Result<bool> on_key(std::string_view key) final;
  std::size_t string_cap() const final { return fields_[field_].string_cap; }
  void append_value_name(std::string& out) const final;

  /// Most objects hold no objects.
  Result<JsonNode*> on_open(JsonType bracket) override;

 protected:
  /// At most 32 fields; on_key() finds them fastest in this order.
  explicit ObjectNode(std::span<const Field> fields) : fields_(fields) {}
  void forget_members() noexcept {
    seen_ = 0;
    field_ = 0;
  }
  std::size_t field() const noexcept { return field_; }
  bool has(std::size_t field) const noexcept { return (seen_ >> field & 1U) != 0; }
  /// An Error naming the first required member that was not there.
  Status check_required() const;
  /// The value that on_open() expected to be something else.
  virtual std::string_view expected_type() const { return "a single value"; }
  std::unexpected<Error> refuse_field(std::size_t field, std::string_view what) const;

 private:
  std::span<const Field> fields_;
  std::size_t field_ = 0;
  std::uint32_t seen_ = 0;
};

/// An array; counts its elements.
class ArrayNode : public JsonNode {
 public:
  Result<bool> on_key(std::string_view key) final;
  void append_value_name(std::string& out) const override;
  void append_name(std::string& out) const override { out += name_; }
  Status on_scalar(const Scalar& value) override;
  Result<JsonNode*> on_open(JsonType bracket) override;
  Status on_close() override { return {}; }

 protected:
  ArrayNode(std::string_view name, std::string_view element) : name_(name), element_(element) {}
  void restart() noexcept { next_ = 0; }
  std::size_t next() const noexcept { return next_; }
  void advance() noexcept { ++next_; }

 private:
  std::string_view name_;
  std::string_view element_;  ///< what its elements are, for messages
  std::size_t next_ = 0;
};

}  // namespace seekfs::manifest
