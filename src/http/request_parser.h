// Request headers from bytes as they arrive (RFC 9112), by Boost.Beast's parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/request.h"

namespace seekfs::http {

struct ParserLimits {
  std::size_t header_bytes = 16384;
  std::size_t target_bytes = 8192;
};

/// One object serves the requests of one connection, one after the other. One thread; allocates only when constructed.
class RequestParser {
 public:
  enum class State : std::uint8_t { need_more, complete, refused };

  explicit RequestParser(ParserLimits limits);
  ~RequestParser();

  /// Forgets the request; the next call of parse() begins a new one.
  void reset();
  /// `input` begins at the request's first byte and holds all that has arrived of it; between two calls it may only
  /// grow, at the same place in memory (else: reset() first). `complete`: head() is valid as long as `input`'s memory
  /// and until reset(), and header_size() bytes of it were the header. `refused`: see refusal().
  State parse(std::string_view input);

  const RequestHead& head() const noexcept;
  std::size_t header_size() const noexcept;
  const Refusal& refusal() const noexcept;

 private:
  class Beast;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seekfs::http
