// SHA-256 (FIPS 180-4): whole buffers and streams.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace seekfs {

struct Sha256Digest {
  std::array<std::byte, 32> bytes{};

  std::string hex() const;
  auto operator<=>(const Sha256Digest&) const = default;
};

Sha256Digest sha256(std::span<const std::byte> data);
Sha256Digest sha256(std::string_view data);

/// A hash that is fed in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> data);
  void update(std::string_view data);
  /// The digest of everything fed so far; the object starts anew.
  Sha256Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace seekfs
