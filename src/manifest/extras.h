// What few files of a manifest have: text and numbers that do not follow from hash and path, one after the other in one
// array of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/growing_buffer.h"

namespace seekfs::manifest {

/// The extras of one file; absent ones cost nothing.
struct Extras {
  std::optional<std::string_view> hash;  ///< "algorithm:hex", when it is not sha256
  std::optional<std::string_view> key;
  std::optional<std::string_view> etag;
  std::optional<std::string_view> version_id;
  std::optional<std::string_view> sse;
  std::uint64_t off = 0;

  bool empty() const noexcept { return !hash && !key && !etag && !version_id && !sse && off == 0; }
};

/// Appends one file's extras; they begin at what out.size() was.
void append_extras(GrowingBuffer<char>& out, const Extras& extras);

/// Reads what append_extras() wrote at `at`; the views point into `from`.
Extras read_extras(const GrowingBuffer<char>& from, std::uint64_t at);

}  // namespace seekfs::manifest
